-- Calls of tools, for the activity page: who called what, when, and how it ended. Never arguments, statements or rows.
-- Names are kept as they were at the call, and grants are not referred to, because a grant may be forgotten before its calls.
create table tool_calls (
    id           integer primary key autoincrement,
    at           integer not null,
    workspace_id text not null references workspaces (id),
    user_id      text not null references users (id),
    grant_id     text not null,
    grant_name   text not null,
    -- The first characters of a programmatic token; empty for an application.
    hint         text not null,
    tool         text not null,
    outcome      text not null,
    -- The code of a tool's error; empty otherwise.
    error        text not null,
    duration_ms  integer not null,
    -- Null where a result has no rows.
    row_count    integer
) strict;

create index tool_calls_of_workspace on tool_calls (workspace_id, at, id);
create index tool_calls_of_person on tool_calls (workspace_id, user_id, at, id);
create index tool_calls_of_grant on tool_calls (workspace_id, grant_id, at, id);
-- What the sweep looks for.
create index tool_calls_by_age on tool_calls (at);
