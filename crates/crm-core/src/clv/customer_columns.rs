//! Columns of the customers of orders, for fits with covariates.

use crate::context::{Context, collect, room};
use crate::data::Orders;
use crate::data::filter::{AttributeValues, Level};
use crate::error::{Error, Result};
use crate::ids::{IdKind, IdRef};
use crate::table::{Column, Values};

/// Columns of customers (of the customers table, or `first_` columns) for the customers with these codes. Whole
/// numbers are numbers and not names.
pub(crate) fn customer_columns(
    orders: &Orders,
    names: &[String],
    codes: &[u32],
    context: &Context,
) -> Result<Vec<Column>> {
    if let Some(twice) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
        let expected = "each column once";
        return Err(Error::option("covariates", &names[twice], expected));
    }
    let places = collect(codes.iter().map(|code| *code as usize), "covariates")?;
    let mut columns = room(names.len(), "covariates")?;
    for name in names {
        let attribute = orders.attribute(name, context)?;
        if attribute.level != Level::Customer {
            let expected = "columns of customers: of the customers table, or `first_` columns";
            return Err(Error::option("covariates", name, expected));
        }
        if let AttributeValues::Amounts(..) = attribute.values {
            let expected = "columns of texts, numbers or truth values, not amounts";
            return Err(Error::option("covariates", name, expected));
        }
        let (values, valid) = attribute.values.cells(&places)?;
        let values = match &attribute.values {
            AttributeValues::Codes(ids, _) if ids.kind() != IdKind::Text => {
                let Values::Id { codes, .. } = &values else {
                    return Err(Error::internal("cells of a column of customers"));
                };
                let mut numbers = room(codes.len(), "covariates")?;
                for code in codes {
                    // A cell without a value has code 0, of a dictionary that may be empty.
                    let known = (*code as usize) < ids.len();
                    numbers.push(match known.then(|| ids.at(*code)) {
                        Some(IdRef::Int(number)) => number,
                        Some(IdRef::Unsigned(number)) => i64::try_from(number).unwrap_or(i64::MAX),
                        _ => 0,
                    });
                }
                Values::I64(numbers.into())
            }
            _ => values,
        };
        let mut column = Column::named(name.clone(), values);
        if valid.contains(&false) {
            column = column.with_validity(valid);
        }
        columns.push(column);
    }
    Ok(columns)
}
