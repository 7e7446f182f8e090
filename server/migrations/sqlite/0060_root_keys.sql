-- Which root keys the digests of this database were made with, so that no server works with others. A check value tells keys apart and is no digest of anything.
create table root_keys (
    kid         integer primary key,
    check_value blob not null,
    -- Since when secrets are made with it.
    promoted_at integer,
    retired_at  integer
) strict;

-- What retiring a key looks for.
create index live_tokens_by_key on tokens (kid) where revoked_at is null;
create index live_codes_by_key on codes (kid) where used_at is null;
