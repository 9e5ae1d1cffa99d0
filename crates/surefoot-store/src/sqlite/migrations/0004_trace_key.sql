-- Whose key a request came by, and of which tenant, to be looked for.
ALTER TABLE trace ADD COLUMN key TEXT;
ALTER TABLE trace ADD COLUMN tenant TEXT;
UPDATE trace SET (key, tenant) =
    (SELECT body ->> '$.key', body ->> '$.tenant' FROM trace_body WHERE trace_body.id = trace.id);
CREATE INDEX trace_by_key ON trace (key, id) WHERE key IS NOT NULL;
CREATE INDEX trace_by_tenant ON trace (tenant, id) WHERE tenant IS NOT NULL;
