-- Traces that processes of the version before moved here, beside newer ones, have no key and no tenant: they are looked
-- up once more, from a day before the columns came. Names that are too long for an index, or were cut to
-- fit one, are left out: they are not in the form in which they are looked for, and another's may begin like them.
UPDATE trace SET key_name = NULL WHERE octet_length(key_name) >= 1024;
UPDATE trace SET tenant = NULL WHERE octet_length(tenant) >= 1024;
WITH since AS (
    SELECT decode(lpad(to_hex((extract(epoch FROM installed_on - interval '1 day') * 1000)::bigint), 12, '0'), 'hex') AS id
    FROM _sqlx_migrations WHERE version = 3
), whole AS (
    SELECT id, regexp_replace(body, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::json AS body
    FROM trace_body WHERE id >= (SELECT id FROM since)
), named AS (
    SELECT id,
        CASE WHEN octet_length(body ->> 'key') <= 1024 THEN body ->> 'key' END AS key_name,
        CASE WHEN octet_length(body ->> 'tenant') <= 1024 THEN body ->> 'tenant' END AS tenant
    FROM whole
)
UPDATE trace SET key_name = named.key_name, tenant = named.tenant FROM named
WHERE named.id = trace.id AND trace.id >= (SELECT id FROM since) AND trace.key_name IS NULL AND trace.tenant IS NULL
    AND (named.key_name IS NOT NULL OR named.tenant IS NOT NULL);
