//! The few forms of Protocol Buffers that a migration payload has, read strictly: every field once,
//! nothing behind the end, no groups.
//!
//! Not responsible for what fields mean. Fields are parts of the payload, never copied.

/// One field: its number and value.
pub(super) struct Field<'a> {
    /// Number.
    pub(super) number: u64,
    /// Value.
    pub(super) value: Value<'a>,
}

/// A value of a wire type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Value<'a> {
    /// An integer, as its 64 bits.
    Integer(u64),
    /// Octets: bytes, text or another message.
    Octets(&'a [u8]),
    /// Four or eight octets; no field that is known has them.
    Fixed,
}

/// Why octets are no message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Malformed;

/// The fields of a message, one after the other. Ends behind the first fault.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) const fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Result<Field<'a>, Malformed> {
        let key = self.integer()?;
        let value = match key & 7 {
            0 => Value::Integer(self.integer()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.integer()?;
                Value::Octets(self.take(usize::try_from(length).map_err(|_| Malformed)?)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed),
        };
        let number = key >> 3;
        if number == 0 { Err(Malformed) } else { Ok(Field { number, value }) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Seven bits an octet, the lowest first, at most 64 in all.
    fn integer(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let &[octet] = self.take(1)? else { return Err(Malformed) };
            let bits = u64::from(octet & 0x7F);
            let placed = bits << shift;
            if placed >> shift != bits {
                return Err(Malformed);
            }
            number |= placed;
            if octet < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: &[u8]) -> Result<Vec<(u64, Value<'_>)>, Malformed> {
        Fields::of(message)
            .map(|field| field.map(|Field { number, value }| (number, value)))
            .collect()
    }

    #[test]
    fn fields_of_all_wire_types() {
        let message =
            [0x08, 0x96, 0x01, 0x12, 2, b'a', b'b', 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
        let fields = [
            (1, Value::Integer(150)),
            (2, Value::Octets(b"ab")),
            (3, Value::Fixed),
            (4, Value::Fixed),
        ];
        assert_eq!(read(&message), Ok(fields.to_vec()));
        assert_eq!(read(b""), Ok(Vec::new()));
        let minus_one = [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        assert_eq!(read(&minus_one), Ok(vec![(1, Value::Integer(u64::MAX))]));
    }

    #[test]
    fn what_is_no_message() {
        for bad in [
            &b"\x08"[..],
            b"\x08\x80",
            b"\x12\x03ab",
            b"\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
            b"\x00\x00",
            b"\x0B\x0C",
            b"\x0F",
            b"\x1D\x01\x02",
            b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02",
            b"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
        ] {
            assert_eq!(read(bad), Err(Malformed), "{bad:x?}");
        }
    }
}
