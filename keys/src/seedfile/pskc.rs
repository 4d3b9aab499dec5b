//! The PSKC reader (RFC 6030): container by container element, one KeyPackage in memory at a time.
//!
//! Not responsible for importing. Memory grows by 32 bytes per key,
//! which is what finding duplicates costs; see [`Limits`](super::options::Limits).

use std::collections::VecDeque;
use std::io::BufRead;
use std::mem;

use zeroize::Zeroizing;

use super::code::Code;
use super::crypto::{ContainerCrypto, KeySource, MacKey, MacMethod, Pbkdf2};
use super::options::{ReadOptions, Signatures};
use super::reader::Reader;
use super::record::{Algorithm, Record, SecretValue};
use super::refusal::{Position, Refusal, Warning};
use super::scan::{Piece, Root, Scanner};
use super::seen::{self, Seen};
use dialect::Dialect;
use element::{El, Place};
use names::{DS, PSKC};
use package::Package;
use plain::{Spaces, Tree};
use values::Values;

mod device;
pub(super) mod dialect;
pub(super) mod draft;
pub(super) mod element;
mod header;
mod moving;
mod names;
mod number;
mod package;
mod parameters;
pub(super) mod plain;
mod policy;
mod signature;
mod values;

/// Opens an RFC 6030 file.
pub(super) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    Ok(Box::new(PskcReader::open(input, options, Dialect::Rfc)?))
}

/// Reads one container.
struct PskcReader<R> {
    scanner: Scanner<R>,
    options: ReadOptions,
    root: Root,
    stage: Stage,
    key: Option<KeySource>,
    mac: Option<MacMethod>,
    values: Values,
    packages: u64,
    keys: usize,
    identities: Seen,
    secrets: Seen,
    dialect: Dialect,
    /// What keys of a draft have in common, as the file has it.
    properties: Zeroizing<Vec<u8>>,
    /// Device and secret of the key before, where that was one of OCRA.
    owner: Option<[u8; 16]>,
    signed: bool,
    seal: Option<signature::Seal>,
    first: Option<Piece>,
    spaces: Spaces,
    /// The package being read quickly.
    plain: Zeroizing<Vec<u8>>,
    ready: VecDeque<Result<Record, Refusal>>,
    warnings: Vec<Warning>,
    done: bool,
}

/// Which part of the container comes next; the order is fixed by RFC 6030.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    Head,
    Packages,
    Tail,
}

impl<R: BufRead> PskcReader<R> {
    /// Reads the head, so that the protection is known before the first key.
    fn open(input: R, options: ReadOptions, dialect: Dialect) -> Result<Self, Refusal> {
        let mut scanner = Scanner::new(input, options.limits);
        if let Some(covered) = signature::cover(&options) {
            scanner.cover(covered);
        }
        let root = scanner.root()?;
        let (is_later, spaces) = check_root(&root, &options, dialect).map_err(|refusal| {
            // A file that is not even XML is told so, rather than that its root is unknown.
            scanner.drain().filter(|found| is_syntax(found.code)).unwrap_or(refusal)
        })?;
        let warnings = is_later.then(|| Warning::new(Code::WVersion, "Version"));
        if let Some(covered) = scanner.covered() {
            signature::cover_root(covered, &root, &options)?;
        }
        let mut reader = Self {
            scanner,
            options,
            root,
            stage: Stage::Head,
            key: None,
            mac: None,
            values: Values::default(),
            packages: 0,
            keys: 0,
            identities: Seen::default(),
            secrets: Seen::default(),
            dialect,
            properties: Zeroizing::default(),
            owner: None,
            signed: false,
            seal: None,
            first: None,
            spaces,
            plain: Zeroizing::default(),
            ready: VecDeque::new(),
            warnings: warnings.into_iter().collect(),
            done: false,
        };
        while reader.stage == Stage::Head {
            match reader.scanner.next_piece()? {
                Some(piece) => reader.absorb(piece)?,
                None => break,
            }
        }
        Ok(reader)
    }

    /// Reads until a record or refusal is ready; `false` at the end.
    fn step(&mut self) -> Result<bool, Refusal> {
        if let Some(done) = self.quick_step() {
            return done.map(|()| true);
        }
        let piece = match self.first.take() {
            Some(piece) => Some(piece),
            None => self.scanner.next_piece()?,
        };
        match piece {
            Some(piece) => self.absorb(piece).map(|()| true),
            None => self.finish().map(|()| false),
        }
    }

    /// Reads the next package the quick way, where that is possible.
    fn quick_step(&mut self) -> Option<Result<(), Refusal>> {
        let packages_follow = self.stage == Stage::Packages && self.first.is_none();
        if !packages_follow || self.dialect != Dialect::Rfc {
            return None;
        }
        let mut xml = mem::take(&mut self.plain);
        let done = self.quick_package(&mut xml);
        self.plain = xml;
        done
    }

    fn quick_package(&mut self, xml: &mut Vec<u8>) -> Option<Result<(), Refusal>> {
        let (line, len) = self.scanner.peek("KeyPackage", xml)?;
        let text = std::str::from_utf8(xml).ok()?;
        let spaces = mem::take(&mut self.spaces);
        let tree = Tree::read(text, &spaces, &self.options.limits);
        let done = tree.and_then(|tree| {
            let number = self.packages.saturating_add(1);
            let place = Place::of_plain(line, format!("KeyPackage[{number}]"));
            let el = El::of_plain(&tree, &place);
            el.is(PSKC, "KeyPackage").then(|| {
                self.packages = number;
                self.scanner.skip(len);
                self.package(el)
            })
        });
        self.spaces = spaces;
        done
    }

    fn absorb(&mut self, mut piece: Piece) -> Result<(), Refusal> {
        if self.stage == Stage::Packages && !self.properties.is_empty() {
            piece.append(&self.properties);
        }
        let text = piece.document(&self.root)?;
        let extra = self.root.extra_lines();
        let document = element::parse(&text, &self.options.limits, piece.line, extra)?;
        let place = |label| Place::of(&piece, &self.root, label).in_dialect(self.dialect);
        let top = place(String::new());
        let Some((namespace, name)) = El::of_piece(&document, &top)
            .map(|el| (el.namespace().to_owned(), el.name().to_owned()))
        else {
            return Ok(());
        };
        let signature = name == "Signature" && (namespace == DS || namespace == PSKC);
        match (namespace == PSKC, name.as_str()) {
            (true, "KeyPackage") if self.stage == Stage::Head => {
                self.enter_packages()?;
                self.first = Some(piece);
                return Ok(());
            }
            (true, "KeyPackage") => {
                self.packages = self.packages.saturating_add(1);
            }
            _ => {}
        }
        let place = place(match name.as_str() {
            "KeyPackage" => format!("KeyPackage[{}]", self.packages),
            _ => name.clone(),
        });
        if let Some(covered) = self.scanner.covered()
            && !signature
        {
            covered.child(&document);
        }
        let Some(el) = El::of_piece(&document, &place) else { return Ok(()) };
        match name.as_str() {
            _ if signature => self.signature(el),
            "EncryptionKey" if namespace == PSKC => self.encryption_key(el),
            "MACMethod" if namespace == PSKC => self.mac_method(el),
            "KeyPackage" if namespace == PSKC => self.package(el),
            "EncryptionMethod" | "DigestMethod" | "MACAlgorithm" | "KeyProperties"
                if namespace == PSKC && self.dialect == Dialect::Draft =>
            {
                self.draft_head(&name, el, &piece)
            }
            "Extensions" if namespace == PSKC => {
                self.stage = Stage::Tail;
                Ok(())
            }
            "Device" | "EncryptionMethod" | "KeyProperties" | "MACAlgorithm" => {
                let rule = "no element of RFC 6030; a draft is read only with the format \
                            pskc-draft named";
                Err(el.refuse(Code::Schema, rule))
            }
            _ => Err(el.refuse(Code::Schema, "KeyContainer has no such child element")),
        }
    }

    fn encryption_key(&mut self, el: El<'_>) -> Result<(), Refusal> {
        if self.stage != Stage::Head || self.key.is_some() || self.mac.is_some() {
            return Err(el.refuse(Code::Schema, "EncryptionKey comes once, first of all"));
        }
        let key = header::encryption_key(el)?;
        self.take_key(el, key)
    }

    fn take_key(&mut self, el: El<'_>, key: KeySource) -> Result<(), Refusal> {
        if self.options.key_name.is_some() && self.options.key_name.as_deref() != key.name() {
            return Err(el.refuse_field(Code::KeyName, "KeyName", "the file names the chosen key"));
        }
        if let KeySource::Password { kdf, .. } = &key
            && kdf.iterations < Pbkdf2::WEAK_ITERATIONS
        {
            self.warnings.push(Warning::new(Code::WKdfWeak, "IterationCount"));
        }
        self.key = Some(key);
        Ok(())
    }

    fn mac_method(&mut self, el: El<'_>) -> Result<(), Refusal> {
        if self.stage != Stage::Head || self.mac.is_some() {
            return Err(el.refuse(Code::Schema, "MACMethod comes once, before the keys"));
        }
        if self.key.is_none() {
            return Err(el.refuse(Code::Schema, "a MACMethod needs an EncryptionKey before it"));
        }
        let mut mac = header::mac_method(el)?;
        if matches!(mac.key, MacKey::Agreed(_)) && self.options.mac_key.is_none() {
            let rule = "the MAC key comes encrypted in the file, or is given beside the file's key";
            return Err(el.refuse_field(Code::MacKey, "MACKeyReference", rule));
        }
        mac.may_cover_plaintext = self.options.lenience.mac_over_plaintext;
        self.mac = Some(mac);
        Ok(())
    }

    /// What stands before the keys in a draft only.
    fn draft_head(&mut self, name: &str, el: El<'_>, piece: &Piece) -> Result<(), Refusal> {
        if self.stage != Stage::Head {
            return Err(el.refuse(Code::Schema, "the head comes before the keys"));
        }
        match name {
            "EncryptionMethod" if self.key.is_some() || self.mac.is_some() => {
                Err(el.refuse(Code::Schema, "one encryption, named first of all"))
            }
            "EncryptionMethod" => {
                if let Some((key, common)) = draft::encryption(el)? {
                    self.take_key(el, key)?;
                    self.values.common = Some(common);
                }
                Ok(())
            }
            "KeyProperties" => {
                self.properties.extend_from_slice(piece.octets());
                if self.properties.len() > self.options.limits.record_bytes {
                    return Err(el.refuse(Code::LimitSize, "properties of less than 1 MiB"));
                }
                Ok(())
            }
            _ if self.mac.is_some() => Err(el.refuse(Code::Schema, "one method for MACs")),
            // Without encryption there is nothing that such a MAC could be made with.
            _ if self.key.is_none() => Ok(()),
            _ => {
                self.mac = Some(draft::mac(el)?);
                Ok(())
            }
        }
    }

    fn enter_packages(&mut self) -> Result<(), Refusal> {
        self.stage = Stage::Packages;
        let Some(key) = self.key.take() else { return Ok(()) };
        let mac = self.mac.take();
        let carried = mac.as_ref().and_then(|mac| match &mac.key {
            MacKey::Carried(value) => Some(value.cipher),
            MacKey::Agreed(_) | MacKey::Encryption => None,
        });
        let cipher = carried.or(self.values.common.as_ref().map(|common| common.cipher));
        let mut crypto = ContainerCrypto { key, mac, cipher: None };
        if let Some(cipher) = cipher {
            crypto.settle(cipher).map_err(|(code, rule)| {
                let at = Position { line: self.root.line, element: "KeyContainer".to_owned() };
                Refusal::new(code, "EncryptionKey", rule).at(at)
            })?;
        }
        self.values.crypto = Some(crypto);
        Ok(())
    }

    fn package(&mut self, el: El<'_>) -> Result<(), Refusal> {
        if self.stage == Stage::Tail {
            return Err(el.refuse(Code::Schema, "keys come before signature and extensions"));
        }
        for package in package::read(el, &mut self.values, &self.options)? {
            self.one(el, package)?;
        }
        Ok(())
    }

    fn one(&mut self, el: El<'_>, package: Package) -> Result<(), Refusal> {
        self.keys = self.keys.saturating_add(1);
        if self.keys > self.options.limits.keys {
            return Err(el.refuse(Code::LimitSize, "more keys than the limit for one file"));
        }
        if self.values.any_plain && self.values.any_encrypted {
            let rule = "secrets are either all plain or all encrypted";
            return Err(el.refuse(Code::MixedPlaintext, rule));
        }
        if let Some([manufacturer, serial, id]) = &package.identity
            && self.identities.again(&[manufacturer.as_bytes(), serial.as_bytes(), id.as_bytes()])
        {
            let rule = "manufacturer, serial and key id together occur once in a file";
            let mut refusal = el.refuse_field(Code::Duplicate, "SerialNo", rule);
            refusal.serial = Some(serial.clone());
            return Err(refusal);
        }
        match package.key {
            Ok(mut record) => {
                if self.is_of_another(&record) {
                    record.warnings.push(Warning::new(Code::WDupSecret, "Secret"));
                }
                self.ready.push_back(Ok(record));
            }
            Err(faults) => self.ready.extend(faults.into_iter().map(Err)),
        }
        Ok(())
    }

    /// Whether the secret was read before. The suites of one keypad token stand one after the other
    /// and share theirs: that is no news.
    fn is_of_another(&mut self, record: &Record) -> bool {
        let SecretValue::Plain(secret) = &record.secret else { return false };
        let maker = record.manufacturer.as_deref().unwrap_or_default();
        let parts = [maker.as_bytes(), record.serial.as_str().as_bytes(), secret.expose()];
        let owner = (record.algorithm == Algorithm::Ocra).then(|| seen::digest(&parts));
        let is_known = owner.is_some() && self.owner == owner;
        self.owner = owner;
        self.secrets.again(&[secret.expose()]) && !is_known
    }

    fn signature(&mut self, el: El<'_>) -> Result<(), Refusal> {
        if self.signed {
            return Err(el.refuse(Code::SigAmbiguous, "one signature"));
        }
        if self.stage == Stage::Head {
            return Err(el.refuse(Code::Schema, "the signature comes after the keys"));
        }
        self.signed = true;
        self.stage = Stage::Tail;
        if self.options.signatures != Signatures::Ignore {
            self.seal = Some(signature::check(el, &self.options)?);
        }
        Ok(())
    }

    /// What can be said only at the end.
    fn finish(&mut self) -> Result<(), Refusal> {
        let refuse = |code, field: &'static str, rule: &'static str| {
            let at = Position { line: self.root.line, element: "KeyContainer".to_owned() };
            Err(Refusal::new(code, field, rule).at(at))
        };
        if self.keys == 0 {
            return refuse(Code::NoTokens, "KeyPackage", "a container holds at least one key");
        }
        if self.options.unlock.is_some() && !self.values.any_encrypted {
            return refuse(Code::KeyUnused, "key", "a key is given for an encrypted file only");
        }
        if self.options.signatures == Signatures::Require && !self.signed {
            return refuse(Code::SigMissing, "Signature", "the file is signed");
        }
        if let Some(seal) = &self.seal {
            seal.settle(self.scanner.covered())?;
        }
        if self.values.any_plain {
            self.warnings.push(Warning::new(Code::WPlaintext, "Secret"));
        }
        // A MAC covers one value, not the serial beside it: swapped records keep valid MACs.
        if !self.seal.as_ref().is_some_and(|seal| seal.is_strong) {
            self.warnings.push(Warning::new(Code::WUnsigned, "Signature"));
        }
        Ok(())
    }
}

impl<R: BufRead> Reader for PskcReader<R> {
    fn crypto(&self) -> Option<&ContainerCrypto> {
        self.values.crypto.as_ref()
    }

    fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl<R: BufRead> Iterator for PskcReader<R> {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.done {
                return None;
            }
            match self.step() {
                Ok(going) => self.done = !going,
                Err(refusal) => {
                    self.done = true;
                    return Some(Err(refusal.for_file()));
                }
            }
        }
    }
}

fn check_root(
    root: &Root,
    options: &ReadOptions,
    dialect: Dialect,
) -> Result<(bool, Spaces), Refusal> {
    let text = root.alone();
    let document = element::parse(&text, &options.limits, root.line, 0)?;
    let place = Place::of_root(root).in_dialect(dialect);
    let is_later = header::check_root(El::of_root(&document, &place))?;
    Ok((is_later, Spaces::of(&document)))
}

const fn is_syntax(code: Code) -> bool {
    matches!(code, Code::XmlSyntax | Code::XmlDtd | Code::XmlEncoding | Code::Nul | Code::Truncated)
}
