PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE runs(
  id TEXT NOT NULL PRIMARY KEY,
  task_id TEXT NOT NULL,
  origin TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  status TEXT NOT NULL CHECK(status IN ('running', 'waiting', 'success', 'failure', 'limit',
                                        'error', 'cancelled')),
  reason TEXT NOT NULL DEFAULT '',
  mode TEXT NOT NULL DEFAULT '',
  model TEXT NOT NULL DEFAULT '',
  effort TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT '',
  prompt_head TEXT NOT NULL DEFAULT '',
  cost_nanos INTEGER NOT NULL DEFAULT 0,
  cost_known INTEGER NOT NULL DEFAULT 1,
  turns INTEGER NOT NULL DEFAULT 0,
  tool_calls INTEGER NOT NULL DEFAULT 0,
  took_ms INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO runs VALUES('01JDXK5T9Q3W8ZP6R2M4N7V0YA','gcd','run',1700000000001,1700000000002,'running','','','','','','Find the bug.',0,1,0,0,0);
CREATE TABLE events(
  run TEXT NOT NULL,
  seq INTEGER NOT NULL CHECK(seq > 0),
  at_ms INTEGER NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY(run, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO events VALUES('01JDXK5T9Q3W8ZP6R2M4N7V0YA',1,1700000000001,'nudged','{"v":1,"seq":1,"at":1700000000001,"type":"nudged","concern":"reminder","text":"go on"}');
CREATE TABLE leases(
  run TEXT NOT NULL PRIMARY KEY,
  pid INTEGER NOT NULL,
  boot_id TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  owner TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  cancel_requested INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO leases VALUES('01JDXK5T9Q3W8ZP6R2M4N7V0YA',4242,'gone',1,'pareto run',1700000000001,0);
CREATE TABLE idempotency_keys(
  key TEXT NOT NULL PRIMARY KEY,
  body_hash TEXT NOT NULL,
  run TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_keys VALUES('k','hash','01JDXK5T9Q3W8ZP6R2M4N7V0YA',1700000000001);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys(created_ms);
COMMIT;
PRAGMA application_id=1347572815;
PRAGMA user_version=2;
