//! Whether a message is what was expected, where it is not, and what is to be expected after it was approved.

use super::{Difference, Element, Json, Object, Text, Unit};

impl Json {
    /// Compares a message with this pattern. Gives where they differ first.
    pub(crate) fn compare(&self, came: &Self) -> Result<(), Difference> {
        compare(self, came, &mut String::new())
    }

    /// What is to be expected where this was and that came: as much of this as fits, with its marks.
    pub(crate) fn blessed(&self, came: &Self) -> Self {
        match (self, came) {
            _ if fits(self, came) => self.clone(),
            (Self::Object(expected), Self::Object(came)) => Self::Object(blessed(expected, came)),
            (Self::List(expected), Self::List(came))
                if expected.len() == came.len() && !expected.contains(&Element::Run) =>
            {
                let pairs = expected.iter().zip(came);
                let elements = pairs.map(|(expected, came)| match (expected, came) {
                    (Element::One(expected), Element::One(came)) => {
                        Element::One(expected.blessed(came))
                    }
                    _ => came.clone(),
                });
                Self::List(elements.collect())
            }
            _ => came.clone(),
        }
    }
}

/// What was expected stays in its order; what is new comes after it.
fn blessed(expected: &Object, came: &Object) -> Object {
    // A key may stand twice, and then each stands for one.
    let mut left: Vec<&(Text, Json)> = came.entries.iter().collect();
    let mut entries = Vec::new();
    for (key, value) in &expected.entries {
        if let Some(place) = left.iter().position(|(name, _)| name == key) {
            let (_, found) = left.remove(place);
            entries.push((key.clone(), value.blessed(found)));
        }
    }
    if !expected.open {
        entries.extend(left.into_iter().cloned());
    }
    Object {
        entries,
        open: expected.open,
    }
}

/// Whether a text is what was expected.
pub(super) fn text(expected: &Text, came: &Text) -> bool {
    fits_in_order(
        &expected.0,
        &came.0,
        |unit| *unit == Unit::Run,
        |expected, came| expected == came,
    )
}

fn fits(expected: &Json, came: &Json) -> bool {
    compare(expected, came, &mut String::new()).is_ok()
}

fn compare(expected: &Json, came: &Json, at: &mut String) -> Result<(), Difference> {
    let same = match (expected, came) {
        (Json::Anything, _) => true,
        (Json::Object(expected), Json::Object(came)) => return objects(expected, came, at),
        (Json::List(expected), Json::List(came)) => return lists(expected, came, at),
        (Json::Text(expected), Json::Text(came)) => text(expected, came),
        (Json::Number(expected), Json::Number(came)) => same_number(expected, came),
        (expected, came) => expected == came,
    };
    if same {
        Ok(())
    } else {
        Err(difference(at, Some(expected), Some(came)))
    }
}

fn difference(at: &str, expected: Option<&Json>, came: Option<&Json>) -> Difference {
    Difference {
        at: at.to_owned(),
        expected: expected.map(Json::to_string),
        came: came.map(Json::to_string),
    }
}

fn objects(expected: &Object, came: &Object, at: &mut String) -> Result<(), Difference> {
    // A key may stand twice, and then each stands for one.
    let mut left: Vec<&(Text, Json)> = came.entries.iter().collect();
    for (key, value) in &expected.entries {
        let length = at.len();
        push_key(at, key);
        let Some(place) = left.iter().position(|(name, _)| name == key) else {
            return Err(difference(at, Some(value), None));
        };
        let (_, found) = left.remove(place);
        compare(value, found, at)?;
        at.truncate(length);
    }
    match left.first() {
        Some((key, value)) if !expected.open => {
            push_key(at, key);
            Err(difference(at, None, Some(value)))
        }
        _ => Ok(()),
    }
}

/// Adds one step to a JSON pointer.
fn push_key(at: &mut String, key: &Text) {
    at.push('/');
    at.push_str(&key.to_lossy().replace('~', "~0").replace('/', "~1"));
}

fn lists(expected: &[Element], came: &[Element], at: &mut String) -> Result<(), Difference> {
    if expected.contains(&Element::Run) {
        let is_run = |element: &Element| *element == Element::Run;
        let same = |expected: &Element, came: &Element| match (expected, came) {
            (Element::One(expected), Element::One(came)) => fits(expected, came),
            _ => false,
        };
        if fits_in_order(expected, came, is_run, same) {
            return Ok(());
        }
        let whole = |elements: &[Element]| Json::List(elements.to_vec());
        return Err(difference(at, Some(&whole(expected)), Some(&whole(came))));
    }
    for place in 0..expected.len().max(came.len()) {
        let one = |elements: &[Element]| match elements.get(place) {
            Some(Element::One(value)) => Some(value.clone()),
            _ => None,
        };
        let length = at.len();
        at.push_str(&format!("/{place}"));
        match (one(expected), one(came)) {
            (Some(expected), Some(came)) => compare(&expected, &came, at)?,
            (expected, came) => return Err(difference(at, expected.as_ref(), came.as_ref())),
        }
        at.truncate(length);
    }
    Ok(())
}

/// Whether values are, one after the other, what a pattern with runs in it says. Each run is taken as short as it can be
/// and only the last one made longer where that does not fit, which finds a way wherever there is one.
fn fits_in_order<P, V>(
    pattern: &[P],
    values: &[V],
    is_run: impl Fn(&P) -> bool,
    same: impl Fn(&P, &V) -> bool,
) -> bool {
    let (mut in_pattern, mut in_values) = (0, 0);
    let mut last_run = None;
    while in_values < values.len() {
        match pattern.get(in_pattern) {
            Some(part) if is_run(part) => {
                in_pattern += 1;
                last_run = Some((in_pattern, in_values));
                continue;
            }
            Some(part) if same(part, &values[in_values]) => {
                in_pattern += 1;
                in_values += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_run, from)) = last_run else {
            return false;
        };
        in_pattern = after_run;
        in_values = from + 1;
        last_run = Some((after_run, in_values));
    }
    pattern[in_pattern..].iter().all(is_run)
}

/// Whether two numbers are the same, at whatever length and precision.
fn same_number(one: &str, other: &str) -> bool {
    match (Decimal::of(one), Decimal::of(other)) {
        (Some(one), Some(other)) => one == other,
        // An exponent that no counter holds.
        _ => one == other,
    }
}

/// A number as its digits, without zeros at either end, and the power of ten of the last one.
#[derive(PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(number: &str) -> Option<Self> {
        let (is_negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (number, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let kept = digits.trim_end_matches('0');
        let zeros = digits.len() - kept.len();
        if kept.is_empty() {
            return Some(Self {
                is_negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let exponent = exponent
            .checked_sub(i64::try_from(fraction.len()).ok()?)?
            .checked_add(i64::try_from(zeros).ok()?)?;
        Some(Self {
            is_negative,
            digits: kept.to_owned(),
            exponent,
        })
    }
}
