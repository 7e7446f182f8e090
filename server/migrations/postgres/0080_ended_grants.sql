-- What the sweep looks for, so that it does not read every grant there ever was.
create index grants_by_end on grants (least(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)))
    where least(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)) is not null;
create index codes_by_grant on codes (grant_id);
