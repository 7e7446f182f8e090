-- What the sweep and a full house of clients look for.
create index clients_by_age on clients (created_at) where registered_by is null;
create index authorization_requests_by_expiry on authorization_requests (expires_at);
create index access_tokens_by_expiry on tokens (expires_at) where kind = 'access';
