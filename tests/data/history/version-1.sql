-- As version 1 of the program wrote it.
BEGIN TRANSACTION;
CREATE TABLE planned (
        config TEXT NOT NULL, worker TEXT NOT NULL, host TEXT NOT NULL, since REAL NOT NULL,
        PRIMARY KEY (config, worker, host)
    );
INSERT INTO "planned" VALUES('/home/me/config.toml','attention','gpu1',1750000000.0);
INSERT INTO "planned" VALUES('/home/me/config.toml','small','here',1750000000.0);
CREATE TABLE runs (
        host TEXT NOT NULL, run TEXT NOT NULL, worker TEXT NOT NULL, race TEXT NOT NULL DEFAULT '',
        started REAL, ended REAL, state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '', epoch INTEGER, epochs INTEGER,
        metrics TEXT NOT NULL DEFAULT '{}', best TEXT NOT NULL DEFAULT '{}', config TEXT NOT NULL DEFAULT '',
        seen REAL NOT NULL, PRIMARY KEY (host, run)
    );
INSERT INTO "runs" VALUES('gpu1','attention-20250615-120000-0a0b','attention','persistence-20250615-120000-0c0d',1750000000.5,1750003600.25,'criteria met','all criteria hold',12,30,'{"val_accuracy": 0.875, "attention_ratio": Infinity, "consistency": NaN}','{"val_accuracy": 0.9}','00112233445566aa',1750003601.0);
INSERT INTO "runs" VALUES('gpu1','pretrained-20250615-120000-1a1b','pretrained','persistence-20250615-120000-0c0d',1750000001.0,1750003610.0,'lost the race','',11,30,'{"val_accuracy": 0.5}','{}','ffeeddccbbaa9988',1750003611.0);
INSERT INTO "runs" VALUES('here','small-20250101-000000-2a2b','small','',NULL,NULL,'failed','ValueError: it''s “odd” · train.py:3',NULL,NULL,'{}','{}','',1735689600.0);
CREATE TABLE winners (
        race TEXT PRIMARY KEY, run TEXT NOT NULL, worker TEXT NOT NULL, time REAL NOT NULL
    );
INSERT INTO "winners" VALUES('persistence-20250615-120000-0c0d','attention-20250615-120000-0a0b','attention',1750003600.0);
CREATE INDEX runs_by_start ON runs (started);
COMMIT;
PRAGMA user_version = 1;
