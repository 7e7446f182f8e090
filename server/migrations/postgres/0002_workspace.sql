create table dashboards (
    id text collate "C" primary key,
    workspace_id text collate "C" not null references workspaces (id),
    slug text collate "C" not null,
    title text collate "C" not null,
    description text collate "C" not null,
    spec text collate "C" not null,
    revision bigint not null,
    updated_at bigint not null,
    updated_by text collate "C",
    saved_by_tool boolean not null,
    unique (workspace_id, slug)
);

create index dashboards_by_update on dashboards (workspace_id, updated_at desc, id);

-- A key that a caller sent with a save, and what the save answered.
create table save_keys (
    grant_id text collate "C" not null references grants (id),
    key text collate "C" not null,
    digest bytea not null,
    answer text collate "C" not null,
    created_at bigint not null,
    primary key (grant_id, key)
);

create table source_documents (
    workspace_id text collate "C" not null references workspaces (id),
    id text collate "C" not null,
    source_id text collate "C" not null,
    source_name text collate "C" not null,
    title text collate "C" not null,
    summary text collate "C" not null,
    event_count bigint not null,
    repository text collate "C",
    commit_sha text collate "C",
    generated_at bigint not null,
    stale boolean not null,
    markdown text collate "C" not null,
    primary key (workspace_id, id)
);

create index source_documents_by_name on source_documents (workspace_id, source_name, id);
