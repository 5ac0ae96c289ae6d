//! D1: statements with their parameters, run one by one or all together.

use serde::de::DeserializeOwned;
use worker::Result;

use super::platform::Environment;

/// The database.
#[derive(Clone)]
#[cfg(target_arch = "wasm32")]
pub struct Database(std::rc::Rc<worker::D1Database>);

/// The database.
#[derive(Clone)]
#[cfg(not(target_arch = "wasm32"))]
pub struct Database(std::rc::Rc<Environment>);

/// A statement with its parameters.
#[cfg(target_arch = "wasm32")]
pub struct Statement(worker::D1PreparedStatement);

/// A statement with its parameters.
#[cfg(not(target_arch = "wasm32"))]
pub struct Statement(super::native::NativeStatement);

/// A value that a statement is given.
pub enum Parameter<'a> {
    /// NULL.
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number, exact to 2^53.
    Integer(i64),
}

/// The largest integer that crosses to JavaScript unchanged: 2^53 - 1.
const LIMIT: i64 = 9_007_199_254_740_991;

#[cfg(target_arch = "wasm32")]
mod workers {
    use wasm_bindgen::JsValue;

    use super::{Database, DeserializeOwned, Environment, LIMIT, Parameter, Result, Statement};

    #[expect(
        clippy::as_conversions,
        reason = "integers cross to JavaScript as f64; the value is held where that is exact"
    )]
    fn as_number(integer: i64) -> f64 {
        integer.clamp(-LIMIT, LIMIT) as f64
    }

    fn in_javascript(parameter: &Parameter<'_>) -> JsValue {
        match *parameter {
            Parameter::Null => JsValue::NULL,
            Parameter::Text(text) => JsValue::from_str(text),
            Parameter::Integer(integer) => JsValue::from_f64(as_number(integer)),
        }
    }

    impl Database {
        pub(in crate::runtime) fn of(env: &Environment) -> Result<Self> {
            env.d1("DB").map(|database| Self(std::rc::Rc::new(database)))
        }

        /// A statement, ready to run or to be put in a batch.
        ///
        /// # Errors
        /// When the platform refuses a parameter.
        pub fn statement(
            &self,
            sql: &'static str,
            parameters: &[Parameter<'_>],
        ) -> Result<Statement> {
            let values: Vec<JsValue> = parameters.iter().map(in_javascript).collect();
            self.0.prepare(sql).bind(&values).map(Statement)
        }

        /// Every row of a query.
        ///
        /// # Errors
        /// When the database did not answer, or a row is not what is expected.
        pub async fn rows<T: DeserializeOwned>(&self, statement: Statement) -> Result<Vec<T>> {
            statement.0.all().await?.results()
        }

        /// Runs a statement; the answer is how many rows it changed.
        ///
        /// # Errors
        /// When the database did not answer. It may have run all the same.
        pub async fn run(&self, statement: Statement) -> Result<usize> {
            let meta = statement.0.run().await?.meta()?;
            Ok(meta.and_then(|meta| meta.changes).unwrap_or(0))
        }

        /// Runs all of the statements or none.
        ///
        /// # Errors
        /// When the database did not answer. They may have run all the same.
        pub async fn run_together(&self, statements: Vec<Statement>) -> Result<()> {
            let statements = statements.into_iter().map(|statement| statement.0).collect();
            self.0.batch(statements).await.map(|_| ())
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::rc::Rc;

    use worker::Error;

    use super::{Database, DeserializeOwned, Environment, LIMIT, Parameter, Result, Statement};
    use crate::runtime::native::{NativeRows, NativeStatement};
    use crate::runtime::sqlite::Value;

    fn value(parameter: &Parameter<'_>) -> Value {
        match *parameter {
            Parameter::Null => Value::Null,
            Parameter::Text(text) => Value::String(text.to_owned()),
            Parameter::Integer(integer) => Value::Integer(integer.clamp(-LIMIT, LIMIT)),
        }
    }

    impl Database {
        pub(in crate::runtime) fn of(env: &Rc<Environment>) -> Result<Self> {
            Ok(Self(Rc::clone(env)))
        }

        /// A statement, ready to run or to be put in a batch.
        ///
        /// # Errors
        /// None.
        pub fn statement(
            &self,
            sql: &'static str,
            parameters: &[Parameter<'_>],
        ) -> Result<Statement> {
            let parameters = parameters.iter().map(value).collect();
            Ok(Statement(NativeStatement { sql, parameters }))
        }

        async fn answers(&self, statements: Vec<NativeStatement>) -> Result<Vec<NativeRows>> {
            self.0.database(statements).await.map_err(Error::RustError)
        }

        /// Every row of a query.
        ///
        /// # Errors
        /// When the database did not answer, or a row is not what is expected.
        pub async fn rows<T: DeserializeOwned>(&self, statement: Statement) -> Result<Vec<T>> {
            let answers = self.answers(vec![statement.0]).await?;
            let rows = answers.into_iter().flat_map(|answer| answer.rows);
            let read = |row| serde_json::from_value(serde_json::Value::Object(row));
            rows.map(|row| read(row).map_err(Error::from)).collect()
        }

        /// Runs a statement; the answer is how many rows it changed.
        ///
        /// # Errors
        /// When the database did not answer. It may have run all the same.
        pub async fn run(&self, statement: Statement) -> Result<usize> {
            let answers = self.answers(vec![statement.0]).await?;
            Ok(answers.first().map_or(0, |answer| answer.changes))
        }

        /// Runs all of the statements or none.
        ///
        /// # Errors
        /// When the database did not answer. They may have run all the same.
        pub async fn run_together(&self, statements: Vec<Statement>) -> Result<()> {
            let statements = statements.into_iter().map(|statement| statement.0).collect();
            self.answers(statements).await.map(|_| ())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LIMIT;
    use crate::domain::money::MAX_AMOUNT_MINOR;

    #[test]
    fn the_largest_amount_survives_as_a_number() {
        const { assert!(MAX_AMOUNT_MINOR < LIMIT) };
        for integer in [MAX_AMOUNT_MINOR, -MAX_AMOUNT_MINOR, LIMIT, 0] {
            #[expect(clippy::as_conversions, reason = "it is what is tested")]
            let there_and_back = integer as f64 as i64;
            assert_eq!(there_and_back, integer);
        }
    }
}
