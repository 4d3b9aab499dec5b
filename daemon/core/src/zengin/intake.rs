//! Takes a file piece by piece: cuts it into records, keeps their order, adds up the amounts.
//!
//! Not responsible for: the fields inside a record.

use std::mem;

use super::{
    RECORD,
    batch::{Batch, BatchKind, Item, MonthDay, Payer},
    columns::Columns,
    fault::{Fault, Field, Rule},
    names::NameSet,
};

/// Most records of a file, all kinds together.
pub const MAX_RECORDS: usize = 100_000;

/// Reads a file that is there as a whole.
pub fn parse(file: &[u8], names: &NameSet) -> Result<Batch, Fault> {
    let mut intake = Intake::new(names);
    intake.feed(file)?;
    intake.finish()
}

/// A file on its way in. How it is cut into pieces makes no difference.
pub struct Intake<'n> {
    names: &'n NameSet,
    /// How records are separated, once two of them have been seen.
    style: Option<Style>,
    place: Place,
    record: [u8; RECORD],
    /// Bytes of the record that are there.
    filled: usize,
    /// Complete records.
    records: usize,
    stage: Stage,
    failed: Option<Fault>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Style {
    Nothing,
    CrLf,
    Lf,
}

/// Where in the stream the next byte stands.
enum Place {
    /// In a record, or where one may begin.
    Record,
    /// Behind 120 bytes.
    Behind,
    /// Behind the CR of CR LF.
    AfterCr,
    /// Behind the final 1A.
    Ended,
}

/// Which record may come next. The batch grows until its trailer has confirmed it.
enum Stage {
    Header,
    Data(Box<Batch>),
    Trailed(Box<Batch>),
    Ended(Box<Batch>),
}

impl<'n> Intake<'n> {
    /// Nothing has been read yet.
    pub const fn new(names: &'n NameSet) -> Self {
        Self {
            names,
            style: None,
            place: Place::Record,
            record: [0; RECORD],
            filled: 0,
            records: 0,
            stage: Stage::Header,
            failed: None,
        }
    }

    /// The next piece, of any length. After a fault each call returns that fault.
    pub fn feed(&mut self, mut piece: &[u8]) -> Result<(), Fault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        while !piece.is_empty() {
            match self.step(piece) {
                Ok(rest) => piece = rest,
                Err(fault) => {
                    self.failed = Some(fault);
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// The end of the file.
    pub fn finish(self) -> Result<Batch, Fault> {
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        if matches!(self.place, Place::AfterCr) {
            return Err(self.separator_fault());
        }
        if self.filled > 0 {
            return Err(self.length_fault());
        }
        match self.stage {
            Stage::Trailed(batch) | Stage::Ended(batch) => Ok(*batch),
            Stage::Header | Stage::Data(_) => Err(self.next_fault(Rule::Incomplete)),
        }
    }

    /// Takes at least a byte of a piece that has one, or moves on to the next record.
    fn step<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], Fault> {
        const END_OF_FILE: u8 = 0x1A;
        let Some((&first, rest)) = piece.split_first() else { return Ok(piece) };
        match (&self.place, first) {
            (Place::Ended, _) => Err(self.next_fault(Rule::BehindEnd)),
            (Place::Record, END_OF_FILE) if self.filled == 0 && self.records > 0 => {
                self.place = Place::Ended;
                Ok(rest)
            }
            (Place::Record, _) => self.fill(piece),
            (Place::Behind, END_OF_FILE) => {
                self.place = Place::Ended;
                Ok(rest)
            }
            (Place::Behind, b'\r') => {
                self.place = Place::AfterCr;
                Ok(rest)
            }
            (Place::Behind, b'\n') => self.separated(Style::Lf).map(|()| rest),
            (Place::Behind, _) => self.separated(Style::Nothing).map(|()| piece),
            (Place::AfterCr, b'\n') => self.separated(Style::CrLf).map(|()| rest),
            (Place::AfterCr, _) => Err(self.separator_fault()),
        }
    }

    fn separated(&mut self, style: Style) -> Result<(), Fault> {
        if *self.style.get_or_insert(style) != style {
            return Err(self.separator_fault());
        }
        self.place = Place::Record;
        Ok(())
    }

    fn fill<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], Fault> {
        let room = self.record.get_mut(self.filled..).unwrap_or_default();
        let (taken, rest) = piece.split_at(room.len().min(piece.len()));
        room.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
        self.filled += taken.len();
        if self.filled == RECORD {
            if self.record.iter().any(|c| is_line_end(*c)) {
                return Err(self.length_fault());
            }
            self.complete()?;
            self.filled = 0;
            self.place = Place::Behind;
        }
        Ok(rest)
    }

    fn complete(&mut self) -> Result<(), Fault> {
        if self.records == MAX_RECORDS {
            return Err(self.next_fault(Rule::TooMany));
        }
        self.records += 1;
        let columns = Columns::new(&self.record, self.records, self.names);
        let stage = mem::replace(&mut self.stage, Stage::Header);
        self.stage = match (stage, self.record.first()) {
            (Stage::Header, Some(b'1')) => Stage::Data(Box::new(header(columns)?)),
            (Stage::Data(mut batch), Some(b'2')) => {
                add_item(&mut batch, columns)?;
                Stage::Data(batch)
            }
            (Stage::Data(batch), Some(b'8')) => {
                trailer(&batch, columns)?;
                Stage::Trailed(batch)
            }
            (Stage::Trailed(batch), Some(b'9')) => {
                let mut columns = columns;
                columns.rest()?;
                self.stage = Stage::Ended(batch);
                return Ok(()); // the end record is not signed
            }
            _ => return Err(columns.fault(0, Field::Kind, Rule::Order)),
        };
        if let Stage::Data(batch) | Stage::Trailed(batch) = &mut self.stage {
            batch.signed.extend_from_slice(&self.record);
        }
        Ok(())
    }

    /// A fault where the next record would begin.
    const fn next_fault(&self, rule: Rule) -> Fault {
        Fault { record: self.records + 1, column: 1, field: Field::Record, rule }
    }

    const fn separator_fault(&self) -> Fault {
        let field = Field::Separator;
        Fault { record: self.records, column: RECORD + 1, field, rule: Rule::Separator }
    }

    /// The record ends where a line or the file does.
    fn length_fault(&self) -> Fault {
        let bytes = self.record.get(..self.filled).unwrap_or_default();
        let end = bytes.iter().position(|c| is_line_end(*c)).unwrap_or(self.filled);
        Fault { column: end + 1, ..self.next_fault(Rule::Length) }
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn header(mut columns: Columns<'_>) -> Result<Batch, Fault> {
    let (type_code, kind) = columns
        .code(2, Field::TypeCode, |code| BatchKind::of_type_code(code).map(|kind| (code, kind)))?;
    columns.code(1, Field::CodeClass, |class| (class == 0).then_some(()))?;
    let client_code = columns.digits(10, Field::ClientCode)?;
    let name = columns.name(40, Field::ClientName)?;
    let date = date(&mut columns)?;
    let payer = Payer {
        name,
        bank: columns.small(4, Field::Bank)?,
        bank_name: columns.optional_name(15, Field::BankName)?,
        branch: columns.small(3, Field::Branch)?,
        branch_name: columns.optional_name(15, Field::BranchName)?,
        account_type: columns.account_type()?,
        account: columns.small(7, Field::Account)?,
    };
    columns.rest()?;
    let (items, signed) = (Vec::new(), Vec::new());
    Ok(Batch { kind, type_code, client_code, payer, date, items, count: 0, total: 0, signed })
}

fn date(columns: &mut Columns<'_>) -> Result<MonthDay, Fault> {
    let begin = columns.place();
    let (month, day) = (columns.small(2, Field::Date)?, columns.small(2, Field::Date)?);
    MonthDay::new(month, day).ok_or_else(|| columns.fault(begin, Field::Date, Rule::Day))
}

fn add_item(batch: &mut Batch, mut columns: Columns<'_>) -> Result<(), Fault> {
    let bank = columns.small(4, Field::Bank)?;
    columns.optional_name(15, Field::BankName)?;
    let branch = columns.small(3, Field::Branch)?;
    columns.optional_name(15, Field::BranchName)?;
    columns.optional_number(4, Field::ClearingHouse)?;
    let account_type = columns.account_type()?;
    let account = columns.small(7, Field::Account)?;
    let name = columns.name(30, Field::PayeeName)?;
    let begin = columns.place();
    let amount = columns.number(10, Field::Amount)?;
    if amount == 0 {
        return Err(columns.fault(begin, Field::Amount, Rule::Zero));
    }
    columns.rest()?;
    batch.items.push(Item { bank, branch, account_type, account, name, amount });
    batch.count += 1; // at most MAX_RECORDS
    batch.total += amount; // at most MAX_RECORDS times 10 digits
    Ok(())
}

fn trailer(batch: &Batch, mut columns: Columns<'_>) -> Result<(), Fault> {
    if batch.items.is_empty() {
        return Err(columns.fault(0, Field::Kind, Rule::Empty));
    }
    let begin = columns.place();
    if columns.number(6, Field::Count)? != u64::from(batch.count) {
        return Err(columns.fault(begin, Field::Count, Rule::Count));
    }
    let begin = columns.place();
    if columns.number(12, Field::Total)? != batch.total {
        return Err(columns.fault(begin, Field::Total, Rule::Total));
    }
    columns.rest()
}
