-- Reads of the account page, and of the sweep.
create index sessions_by_user on sessions (user_id);
create index sign_in_failures_by_time on sign_in_failures (last_at);
