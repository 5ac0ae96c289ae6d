//! Sharing an amount out in whole minor units.

use std::cmp::Reverse;

use crate::domain::money::MoneyError;

/// Shares `target` out in proportion to the weights by largest remainder, the earlier first among
/// equals. The shares add up to the target, and no share is more than its weight.
///
/// # Errors
/// [`MoneyError::OutOfRange`] when something is negative, or the target is more than all weights.
pub fn apportion(target: i64, weights: &[i64]) -> Result<Vec<i64>, MoneyError> {
    shares(target, weights).ok_or(MoneyError::OutOfRange)
}

fn shares(target: i64, weights: &[i64]) -> Option<Vec<i64>> {
    let add = |sum: i128, weight: &i64| sum.checked_add(i128::from(*weight));
    let whole = weights.iter().try_fold(0_i128, add)?;
    let negative = target < 0 || weights.iter().any(|weight| *weight < 0);
    if negative || i128::from(target) > whole {
        return None;
    }
    let mut left = target;
    let mut shares = Vec::with_capacity(weights.len());
    let mut fractions = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let exact = i128::from(*weight).checked_mul(i128::from(target))?;
        let share = i64::try_from(exact.checked_div(whole.max(1))?).ok()?;
        left = left.checked_sub(share)?;
        shares.push(share);
        fractions.push((Reverse(exact.checked_rem(whole.max(1))?), index));
    }
    // Fewer units are left than there are fractions, so whoever gets one had lost a part of it.
    fractions.sort_unstable();
    for (_, index) in fractions.into_iter().take(usize::try_from(left).ok()?) {
        let share = shares.get_mut(index)?;
        *share = share.checked_add(1)?;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_to_the_largest_fractions_and_the_earlier_first() {
        assert_eq!(apportion(1, &[1, 1, 1]), Ok(vec![1, 0, 0]));
        assert_eq!(apportion(2, &[1, 2, 3]), Ok(vec![0, 1, 1]));
        assert_eq!(apportion(10, &[0, 7, 0, 13]), Ok(vec![0, 4, 0, 6]));
        assert_eq!(apportion(6, &[1, 2, 3]), Ok(vec![1, 2, 3]));
        assert_eq!(apportion(0, &[0, 0]), Ok(vec![0, 0]));
        assert_eq!(apportion(0, &[]), Ok(vec![]));
    }

    #[test]
    fn nobody_gives_more_than_there_is() {
        for (target, weights) in [(1, &[][..]), (1, &[0, 0]), (7, &[1, 2, 3]), (-1, &[5])] {
            assert_eq!(apportion(target, weights), Err(MoneyError::OutOfRange));
        }
        assert_eq!(apportion(1, &[5, -1]), Err(MoneyError::OutOfRange));
    }
}
