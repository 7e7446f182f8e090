-- The signed-in person who links an account of an OpenID provider; null when somebody signs in.
alter table upstream_sign_ins add column user_id text references users (id);
create index identities_by_user on identities (user_id);
create index upstream_sign_ins_by_end on upstream_sign_ins (expires_at);
