-- A user's traces, newest first: the index has them in that order.
CREATE INDEX trace_by_user_id ON trace (user_name, id) WHERE user_name IS NOT NULL;
DROP INDEX trace_by_user;
