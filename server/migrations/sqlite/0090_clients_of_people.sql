-- The clients page of a person, who looks for their own among those that registered themselves.
create index clients_by_person on clients (registered_by, created_at) where registered_by is not null;
