//! One table of a profile while it is read: every key that is asked for is taken, wrong ones become
//! faults with a stand-in value so that the reading goes on, and what nobody asked for is unknown.
//!
//! Not responsible for: which keys there are (`read`).

use std::{cell::RefCell, ops::RangeInclusive};

use jiff::civil::Time;

use crate::{
    fault::{Faults, Place},
    tree::{Keys, Node, Value},
    words::Word,
};

/// A table under its path.
pub(crate) struct Section<'a> {
    keys: Option<&'a Keys>,
    place: &'a Place,
    path: String,
    asked: RefCell<Vec<String>>,
    faults: &'a Faults,
}

impl<'a> Section<'a> {
    /// The whole profile, or a table within a list.
    pub(crate) fn of(node: &'a Node, path: String, faults: &'a Faults) -> Self {
        let keys = if let Value::Table(keys) = &node.value {
            Some(keys)
        } else {
            faults.add(&node.place, path.as_str(), "is a table of keys", "");
            None
        };
        Self { keys, place: &node.place, path, asked: RefCell::default(), faults }
    }

    /// The path of a key from the root.
    pub(crate) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Where a key is written, or else the table it is missing from.
    pub(crate) fn place(&self, key: &str) -> &'a Place {
        self.keys.and_then(|keys| keys.get(key)).map_or(self.place, |node| &node.place)
    }

    /// Reads `read` out of the table called `key`.
    pub(crate) fn within<T>(&self, key: &str, read: impl FnOnce(&Section<'a>) -> T) -> T {
        let path = self.path(key);
        let section = if let Some(node) = self.node(key) {
            Section::of(node, path, self.faults)
        } else {
            if self.keys.is_some() {
                let rule = "the table is missing; say `base = \"default\"` to take it from there";
                self.faults.add(self.place, path.as_str(), rule, format!("[{path}]"));
            }
            let asked = RefCell::default();
            Section { keys: None, place: self.place, path, asked, faults: self.faults }
        };
        let read = read(&section);
        section.done();
        read
    }

    /// As [`Self::within`], or nothing where the word `none` stands in place of the table.
    pub(crate) fn within_or_none<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Section<'a>) -> T,
    ) -> Option<T> {
        match self.node(key).map(|node| &node.value) {
            None | Some(Value::Table(_)) => Some(self.within(key, read)),
            Some(Value::Text(text)) if text == "none" => None,
            Some(_) => {
                self.fault(key, "is a table of keys, or \"none\"", format!("{key} = \"none\""));
                None
            }
        }
    }

    /// A key that may be absent.
    pub(crate) fn optional_text(&self, key: &str) -> Option<String> {
        let Value::Text(text) = &self.node(key)?.value else {
            self.fault(key, "is a text in quotes", format!("{key} = \"...\""));
            return None;
        };
        Some(text.clone())
    }

    pub(crate) fn text(&self, key: &str, example: &str) -> String {
        match self.required(key, example).map(|node| &node.value) {
            Some(Value::Text(text)) => text.clone(),
            Some(_) => {
                self.fault(key, "is a text in quotes", format!("{key} = {example:?}"));
                String::new()
            }
            None => String::new(),
        }
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        match self.required(key, "true").map(|node| &node.value) {
            Some(Value::Flag(flag)) => *flag,
            Some(_) => {
                self.fault(key, "is true or false, without quotes", format!("{key} = true"));
                false
            }
            None => false,
        }
    }

    pub(crate) fn number(&self, key: &str, range: &RangeInclusive<u64>, why: &str) -> u64 {
        let (low, high) = (range.start(), range.end());
        match self.required(key, &low.to_string()).map(|node| &node.value) {
            Some(Value::Number(Some(number))) if range.contains(number) => *number,
            Some(Value::Number(number)) => {
                let given = number.map_or_else(|| "out of range".to_owned(), |n| n.to_string());
                let rule = format!("is {given}; {low} to {high} is allowed: {why}");
                self.fault(key, rule, format!("{key} = {low}"));
                *low
            }
            Some(_) => {
                let rule = format!("is a number from {low} to {high}: {why}");
                self.fault(key, rule, format!("{key} = {low}"));
                *low
            }
            None => *low,
        }
    }

    /// A number, or the word `none`.
    pub(crate) fn number_or_none(
        &self,
        key: &str,
        range: &RangeInclusive<u64>,
        why: &str,
    ) -> Option<u64> {
        match self.node(key).map(|node| &node.value) {
            Some(Value::Text(text)) if text == "none" => None,
            Some(Value::Text(_)) => {
                let rule = format!("is a number or \"none\": {why}");
                self.fault(key, rule, format!("{key} = \"none\""));
                None
            }
            _ => Some(self.number(key, range, why)),
        }
    }

    pub(crate) fn word<T: Word>(&self, key: &str) -> T {
        let all = T::all();
        let (first, fallback) = all[0];
        match self.required(key, &format!("{first:?}")).map(|node| &node.value) {
            Some(Value::Text(text)) => self.word_of(key, self.place(key), text).unwrap_or(fallback),
            Some(_) => {
                self.fault(key, words_rule::<T>(), format!("{key} = {first:?}"));
                fallback
            }
            None => fallback,
        }
    }

    /// A list of different words.
    pub(crate) fn words<T: Word>(&self, key: &str) -> Vec<T> {
        let mut found = Vec::new();
        for (place, text) in self.texts(key, &words_rule::<T>()) {
            let Some(one) = self.word_of(key, place, &text) else { continue };
            if found.contains(&one) {
                self.faults.add(place, self.path(key), format!("{text:?} is there twice"), "");
            }
            found.push(one);
        }
        found
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str, what: &str) -> Vec<(&'a Place, String)> {
        let text = |node: &'a Node| {
            let Value::Text(text) = &node.value else {
                self.faults.add(&node.place, self.path(key), format!("each one {what}"), "");
                return None;
            };
            Some((&node.place, text.clone()))
        };
        self.list(key).iter().filter_map(text).collect()
    }

    /// The items of a list.
    pub(crate) fn list(&self, key: &str) -> &'a [Node] {
        match self.required(key, "[]").map(|node| &node.value) {
            Some(Value::List(items)) => items,
            Some(_) => {
                self.fault(key, "is a list in square brackets", format!("{key} = []"));
                &[]
            }
            None => &[],
        }
    }

    /// A time of day, `HH:MM`.
    pub(crate) fn time(&self, key: &str) -> Time {
        let text = self.text(key, "02:59");
        let time = text.parse::<Time>().ok().filter(|_| text.len() == 5 && text.contains(':'));
        if time.is_none() && !self.faults.concern(&self.path(key)) {
            let rule = format!("{text:?} is no time of day; hours 00 to 23 and minutes, as HH:MM");
            self.fault(key, rule, format!("{key} = \"02:59\""));
        }
        time.unwrap_or(Time::midnight())
    }

    pub(crate) fn is_word(&self, key: &str, word: &str) -> bool {
        matches!(self.node(key).map(|node| &node.value), Some(Value::Text(text)) if text == word)
    }

    pub(crate) fn fault(&self, key: &str, rule: impl Into<String>, example: impl Into<String>) {
        self.faults.add(self.place(key), self.path(key), rule, example);
    }

    pub(crate) fn faults(&self) -> &'a Faults {
        self.faults
    }

    /// Tells of every key that nobody asked for.
    pub(crate) fn done(&self) {
        let asked = self.asked.borrow();
        for (key, node) in self.keys.into_iter().flatten() {
            if asked.contains(key) {
                continue;
            }
            let mut known = asked.clone();
            known.sort();
            known.dedup();
            let rule = format!("there is no such key; here there are {}", known.join(", "));
            self.faults.add(&node.place, self.path(key), rule, "");
        }
    }

    fn node(&self, key: &str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key.to_owned());
        self.keys?.get(key)
    }

    fn required(&self, key: &str, example: &str) -> Option<&'a Node> {
        let found = self.node(key);
        // Of a table that is missing as a whole, one fault is enough.
        if found.is_none() && self.keys.is_some() {
            let rule = "must be set; say `base = \"default\"` to take it from there";
            self.faults.add(self.place, self.path(key), rule, format!("{key} = {example}"));
        }
        found
    }

    fn word_of<T: Word>(&self, key: &str, place: &Place, text: &str) -> Option<T> {
        let all = T::all();
        let found = all.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let rule = format!("{text:?} {}", words_rule::<T>());
            self.faults.add(place, self.path(key), rule, format!("{:?}", all[0].0));
        }
        found.map(|(_, value)| *value)
    }
}

fn words_rule<T: Word>() -> String {
    let words = T::all().into_iter().map(|(word, _)| word).collect::<Vec<_>>().join(", ");
    format!("is none of: {words}")
}
