//! Dashboards and source documents.

use sqlx::{QueryBuilder, Row as _};

use super::SqlStore;
use super::dialect::{self, Db, DbRow, now};
use crate::store::workspace::{
    Dashboard, DashboardSave, MAX_DASHBOARDS, SaveOutcome, SourceDocument, WorkspaceStore,
};
use crate::store::{StoreError, StoreFuture, bounded};

const DASHBOARD: &str = "select id, slug, title, description, spec, revision, updated_at, updated_by, saved_by_tool from dashboards";

const DOCUMENT: &str = "select id, source_id, source_name, title, summary, event_count, repository, commit_sha, generated_at, stale, markdown \
     from source_documents";

/// How long a repeated save is recognised, in milliseconds.
const KEPT_MS: i64 = 7 * 86_400_000;

/// The store's clock, in milliseconds since the Unix epoch.
const NOW: &str = now!();

impl WorkspaceStore for SqlStore {
    fn dashboards<'a>(
        &'a self,
        workspace: &'a str,
        words: &'a [String],
        after: Option<(i64, String)>,
        limit: i64,
    ) -> StoreFuture<'a, Vec<Dashboard>> {
        bounded(async move {
            let mut query = QueryBuilder::<Db>::new(DASHBOARD);
            query.push(" where workspace_id = ").push_bind(workspace);
            has_words(&mut query, "title || ' ' || description", words);
            if let Some((updated_at, id)) = after {
                query.push(" and (updated_at < ").push_bind(updated_at);
                query
                    .push(" or (updated_at = ")
                    .push_bind(updated_at)
                    .push(" and id > ")
                    .push_bind(id)
                    .push("))");
            }
            query.push(" order by updated_at desc, id limit ").push_bind(limit);
            let rows = query.build().fetch_all(self.reader()).await?;
            rows.iter().map(dashboard).collect()
        })
    }

    fn dashboard<'a>(
        &'a self,
        workspace: &'a str,
        id_or_slug: &'a str,
    ) -> StoreFuture<'a, Option<Dashboard>> {
        bounded(async move {
            let mut query = QueryBuilder::<Db>::new(DASHBOARD);
            query.push(" where workspace_id = ").push_bind(workspace);
            query
                .push(" and (id = ")
                .push_bind(id_or_slug)
                .push(" or slug = ")
                .push_bind(id_or_slug)
                .push(")");
            query.push(" order by id = ").push_bind(id_or_slug).push(" desc limit 1");
            query.build().fetch_optional(self.reader()).await?.as_ref().map(dashboard).transpose()
        })
    }

    fn dashboard_slugs<'a>(&'a self, workspace: &'a str) -> StoreFuture<'a, Vec<String>> {
        bounded(async move {
            let query = sqlx::query_scalar(
                "select slug from dashboards where workspace_id = $1 order by slug",
            );
            Ok(query.bind(workspace).fetch_all(self.reader()).await?)
        })
    }

    fn save_dashboard(&self, save: DashboardSave) -> StoreFuture<'_, SaveOutcome> {
        bounded(async move {
            let mut transaction = self.write().await?;
            if let Some(statement) = dialect::LOCK_WORKSPACE {
                sqlx::query(statement).bind(&save.workspace).execute(&mut *transaction).await?;
            }
            if let Some(idempotency) = &save.idempotency {
                let earlier = sqlx::query(
                    "select digest, answer from save_keys where grant_id = $1 and key = $2",
                )
                .bind(&idempotency.grant)
                .bind(&idempotency.key)
                .fetch_optional(&mut *transaction)
                .await?;
                if let Some(row) = earlier {
                    let same = row.try_get::<Vec<u8>, _>("digest")? == idempotency.digest;
                    return Ok(if same {
                        SaveOutcome::Repeated(json(&row, "answer")?)
                    } else {
                        SaveOutcome::KeyReused
                    });
                }
            }
            let changed = match &save.replaces {
                Some((id, revision)) => {
                    let current: Option<i64> = sqlx::query_scalar(
                        "select revision from dashboards where workspace_id = $1 and id = $2",
                    )
                    .bind(&save.workspace)
                    .bind(id)
                    .fetch_optional(&mut *transaction)
                    .await?;
                    match current {
                        None => return Ok(SaveOutcome::NotFound),
                        Some(current) if current != *revision => {
                            return Ok(SaveOutcome::Conflict(current));
                        }
                        Some(_) => {}
                    }
                    let mut query = QueryBuilder::<Db>::new(
                        "update dashboards set revision = revision + 1, title = ",
                    );
                    query
                        .push_bind(&save.title)
                        .push(", description = ")
                        .push_bind(&save.description);
                    query
                        .push(", spec = ")
                        .push_bind(save.spec.to_string())
                        .push(", updated_by = ")
                        .push_bind(&save.by);
                    query
                        .push(", saved_by_tool = ")
                        .push_bind(save.by_tool)
                        .push(", updated_at = ")
                        .push(NOW);
                    query
                        .push(" where workspace_id = ")
                        .push_bind(&save.workspace)
                        .push(" and id = ")
                        .push_bind(id);
                    query.build().execute(&mut *transaction).await?
                }
                None => {
                    let count: i64 = sqlx::query_scalar(
                        "select count(*) from dashboards where workspace_id = $1",
                    )
                    .bind(&save.workspace)
                    .fetch_one(&mut *transaction)
                    .await?;
                    if count >= MAX_DASHBOARDS {
                        return Ok(SaveOutcome::Full);
                    }
                    let mut query = QueryBuilder::<Db>::new(
                        "insert into dashboards (id, workspace_id, slug, title, description, spec, revision, updated_at, updated_by, \
                         saved_by_tool) values (",
                    );
                    let mut values = query.separated(", ");
                    values
                        .push_bind(&save.new_id)
                        .push_bind(&save.workspace)
                        .push_bind(&save.slug)
                        .push_bind(&save.title);
                    values
                        .push_bind(&save.description)
                        .push_bind(save.spec.to_string())
                        .push("1")
                        .push(NOW);
                    values.push_bind(&save.by).push_bind(save.by_tool);
                    query.push(") on conflict (workspace_id, slug) do nothing");
                    query.build().execute(&mut *transaction).await?
                }
            };
            if changed.rows_affected() == 0 {
                return Ok(SaveOutcome::SlugTaken);
            }
            if let Some(idempotency) = &save.idempotency {
                let mut stale =
                    QueryBuilder::<Db>::new("delete from save_keys where created_at < ");
                stale.push(NOW).push(" - ").push_bind(KEPT_MS);
                stale.build().execute(&mut *transaction).await?;
                let mut query = QueryBuilder::<Db>::new(
                    "insert into save_keys (grant_id, key, digest, answer, created_at) values (",
                );
                let mut values = query.separated(", ");
                values
                    .push_bind(&idempotency.grant)
                    .push_bind(&idempotency.key)
                    .push_bind(&idempotency.digest);
                values.push_bind(idempotency.answer.to_string()).push(NOW);
                query.push(")").build().execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(SaveOutcome::Saved)
        })
    }

    fn source_documents<'a>(
        &'a self,
        workspace: &'a str,
        words: &'a [String],
        after: Option<(String, String)>,
        limit: i64,
    ) -> StoreFuture<'a, Vec<SourceDocument>> {
        bounded(async move {
            let mut query = QueryBuilder::<Db>::new(DOCUMENT);
            query.push(" where workspace_id = ").push_bind(workspace);
            has_words(&mut query, "source_name || ' ' || title || ' ' || summary", words);
            if let Some((name, id)) = after {
                query
                    .push(" and (source_name, id) > (")
                    .push_bind(name)
                    .push(", ")
                    .push_bind(id)
                    .push(")");
            }
            query.push(" order by source_name, id limit ").push_bind(limit);
            let rows = query.build().fetch_all(self.reader()).await?;
            rows.iter().map(document).collect()
        })
    }

    fn source_document<'a>(
        &'a self,
        workspace: &'a str,
        id: &'a str,
    ) -> StoreFuture<'a, Option<SourceDocument>> {
        bounded(async move {
            let mut query = QueryBuilder::<Db>::new(DOCUMENT);
            query
                .push(" where workspace_id = ")
                .push_bind(workspace)
                .push(" and id = ")
                .push_bind(id);
            query.build().fetch_optional(self.reader()).await?.as_ref().map(document).transpose()
        })
    }

    fn put_source_document<'a>(
        &'a self,
        workspace: &'a str,
        document: &'a SourceDocument,
    ) -> StoreFuture<'a, ()> {
        bounded(async move {
            let mut query = QueryBuilder::<Db>::new(
                "insert into source_documents (workspace_id, id, source_id, source_name, title, summary, event_count, \
                 repository, commit_sha, generated_at, stale, markdown) values (",
            );
            let mut values = query.separated(", ");
            values.push_bind(workspace).push_bind(&document.id).push_bind(&document.source_id);
            values
                .push_bind(&document.source_name)
                .push_bind(&document.title)
                .push_bind(&document.summary);
            values
                .push_bind(document.event_count)
                .push_bind(&document.repository)
                .push_bind(&document.commit_sha);
            values
                .push_bind(document.generated_at)
                .push_bind(document.stale)
                .push_bind(&document.markdown);
            query.push(
                ") on conflict (workspace_id, id) do update set source_id = excluded.source_id, source_name = excluded.source_name, \
                 title = excluded.title, summary = excluded.summary, event_count = excluded.event_count, repository = excluded.repository, \
                 commit_sha = excluded.commit_sha, generated_at = excluded.generated_at, stale = excluded.stale, markdown = excluded.markdown",
            );
            query.build().execute(self.writer()).await?;
            Ok(())
        })
    }
}

/// Narrows a query to rows whose `text` has every word, ASCII letters compared without case.
fn has_words(query: &mut QueryBuilder<Db>, text: &'static str, words: &[String]) {
    for word in words {
        query
            .push(" and ")
            .push(dialect::POSITION)
            .push("(lower(")
            .push(text)
            .push("), ")
            .push_bind(word.to_ascii_lowercase())
            .push(") > 0");
    }
}

fn dashboard(row: &DbRow) -> Result<Dashboard, StoreError> {
    Ok(Dashboard {
        id: row.try_get("id")?,
        slug: row.try_get("slug")?,
        title: row.try_get("title")?,
        description: row.try_get("description")?,
        spec: json(row, "spec")?,
        revision: row.try_get("revision")?,
        updated_at: row.try_get("updated_at")?,
        updated_by: row.try_get("updated_by")?,
        saved_by_tool: row.try_get("saved_by_tool")?,
    })
}

fn document(row: &DbRow) -> Result<SourceDocument, StoreError> {
    Ok(SourceDocument {
        id: row.try_get("id")?,
        source_id: row.try_get("source_id")?,
        source_name: row.try_get("source_name")?,
        title: row.try_get("title")?,
        summary: row.try_get("summary")?,
        event_count: row.try_get("event_count")?,
        repository: row.try_get("repository")?,
        commit_sha: row.try_get("commit_sha")?,
        generated_at: row.try_get("generated_at")?,
        stale: row.try_get("stale")?,
        markdown: row.try_get("markdown")?,
    })
}

fn json(row: &DbRow, column: &str) -> Result<serde_json::Value, StoreError> {
    serde_json::from_str(row.try_get(column)?)
        .map_err(|error| sqlx::Error::Decode(error.into()).into())
}
