//! D1: real SQLite in memory with the real migrations.

use cartwright::runtime::native::{NativeRows, NativeStatement};
use cartwright::runtime::sqlite::Value;
use rusqlite::params_from_iter;
use rusqlite::types::{Value as Stored, ValueRef};
use serde_json::{Map, Value as Json};

use super::lent::Lent;

pub struct Database(Lent);

/// The migrations, in their order.
fn migrations() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/d1");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

impl Database {
    /// One that was migrated before.
    pub const fn of(database: Lent) -> Self {
        Self(database)
    }

    /// One in which there is nothing yet.
    pub fn migrated() -> Self {
        let database = Lent::own();
        for migration in migrations() {
            database.execute_batch(&migration).unwrap();
        }
        Self(database)
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.bytes()
    }

    /// Runs statements, all of them or none.
    pub fn run(&self, statements: &[NativeStatement]) -> Result<Vec<NativeRows>, String> {
        self.0.begin_part().unwrap();
        let outcome: Result<_, rusqlite::Error> =
            statements.iter().map(|statement| self.one(statement)).collect();
        self.0.end_part(outcome.is_ok()).unwrap();
        outcome.map_err(|error| error.to_string())
    }

    fn one(&self, statement: &NativeStatement) -> rusqlite::Result<NativeRows> {
        let mut prepared = self.0.prepare_cached(statement.sql)?;
        let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let writes = !prepared.readonly();
        let mut rows = prepared.query(params_from_iter(statement.parameters.iter().map(bound)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut fields = Map::new();
            for (at, name) in names.iter().enumerate() {
                fields.insert(name.clone(), json(row.get_ref(at)?));
            }
            found.push(fields);
        }
        drop(rows);
        let changes = if writes { self.0.changes() as usize } else { 0 };
        Ok(NativeRows { rows: found, changes })
    }

    /// Changes what is there, as nobody may: for whoever tries whether that shows.
    pub fn alter(&self, sql: &str) {
        self.0.execute_batch(sql).unwrap();
    }

    /// What is there, for whoever looks from outside.
    pub fn look(&self, sql: &str) -> Vec<Map<String, Json>> {
        let mut prepared = self.0.prepare_cached(sql).unwrap();
        let names: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let mut rows = prepared.query([]).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let field =
                |(at, name): (usize, &String)| (name.clone(), json(row.get_ref(at).unwrap()));
            found.push(names.iter().enumerate().map(field).collect());
        }
        found
    }
}

fn bound(value: &Value) -> Stored {
    match value {
        Value::Integer(integer) => Stored::Integer(*integer),
        Value::String(text) => Stored::Text(text.clone()),
        Value::Null => Stored::Null,
        other => panic!("the program gives D1 no {other:?}"),
    }
}

fn json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(integer) => integer.into(),
        ValueRef::Real(float) => float.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(_) => panic!("D1 holds no blob of ours"),
    }
}
