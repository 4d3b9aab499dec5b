//! The reader of RSA SecurID software tokens (`TKNBatch`): tells a damaged or forged file from a sound
//! one, and of a sound one that its tokens are of another algorithm.
//!
//! Not responsible for opening seeds: SecurID codes can not be verified here, so no seed is read. The
//! signature in the trailer says nothing, since its key is published.

use std::collections::VecDeque;
use std::io::BufRead;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use warifu_core::ident::Serial;

use super::document::{Content, DocumentReader};
use crate::secret::Secret;
use crate::seedfile::code::Code;
use crate::seedfile::options::ReadOptions;
use crate::seedfile::pskc::element::El;
use crate::seedfile::reader::Reader;
use crate::seedfile::record::Record;
use crate::seedfile::refusal::{Refusal, Warning};
use crate::seedfile::seen::Seen;
use crate::seedfile::unwrap::Unlock;
use mac::{BLOCK, BatchKey, Source};
use section::Section;

mod mac;
mod section;

/// Opens a file of this format.
pub(in crate::seedfile) fn open<'a>(
    input: impl BufRead + Send + 'a,
    options: ReadOptions,
) -> Result<Box<dyn Reader + Send + 'a>, Refusal> {
    let password = match options.unlock {
        None => None,
        Some(Unlock::Password(password)) => Some(password),
        Some(Unlock::Key(_)) => {
            let rule = "the file is protected with a password, not with a key";
            return Err(Refusal::new(Code::KeyRequired, "key", rule));
        }
    };
    let most = options.limits.keys;
    let batch = Batch { password, most, ..Batch::default() };
    Ok(Box::new(DocumentReader::open(input, options.limits, batch)?))
}

/// One batch of tokens.
#[derive(Default)]
struct Batch {
    password: Option<Secret>,
    head: Option<Head>,
    serials: Seen,
    most: usize,
    keys: usize,
    end: bool,
    ready: VecDeque<Refusal>,
}

/// The header, as far as the tokens need it.
struct Head {
    key: BatchKey,
    is_sound: bool,
}

impl Content for Batch {
    const ROOT: &'static str = "TKNBatch";
    const LIST: Option<&'static str> = None;
    const KEY: &'static str = "TKN";

    fn part(&mut self, el: El<'_>) -> Result<(), Refusal> {
        match el.name() {
            "TKNHeader" if self.head.is_none() => {
                self.head = Some(self.header(el)?);
                Ok(())
            }
            "TKNTrailer" if self.keys > 0 && !self.end => {
                self.end = true;
                Ok(())
            }
            _ => Err(el.refuse(Code::Schema, "a batch is one header, tokens, and one trailer")),
        }
    }

    fn key(&mut self, el: El<'_>) -> Result<(), Refusal> {
        let (Some(head), false) = (&self.head, self.end) else {
            return Err(el.refuse(Code::Schema, "tokens stand between header and trailer"));
        };
        self.keys = self.keys.saturating_add(1);
        if self.keys > self.most {
            return Err(el.refuse(Code::LimitSize, "more keys than the limit for one file"));
        }
        let token = Section::read(el)?;
        let serial = need(el, &token, "SN")?;
        let is_sound = head.key.covers_token(&token, serial, &octets(el, &token, "TokenMAC")?);
        self.judge(el, head.is_sound, is_sound)?;
        if self.serials.again(&[serial.as_bytes()]) {
            let rule = "a serial occurs once in a file";
            return Err(el.refuse_field(Code::Duplicate, "SN", rule));
        }
        let rule = "SecurID tokens make codes by an algorithm of their own, not by HOTP or TOTP";
        let mut refusal = el.refuse_field(Code::Alg, "TKN", rule);
        match Serial::parse(serial) {
            Ok(serial) => refusal.serial = Some(serial.to_string()),
            Err(fault) => {
                let rule = format!("a serial {fault}");
                self.ready.push_back(el.refuse_field(Code::Serial, "SN", rule));
            }
        }
        self.ready.push_back(refusal);
        Ok(())
    }

    fn pop(&mut self) -> Option<Result<Record, Refusal>> {
        self.ready.pop_front().map(Err)
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        if self.keys == 0 {
            let rule = "a batch holds at least one token";
            return Err(Refusal::new(Code::NoTokens, "TKN", rule));
        }
        Ok(())
    }

    fn warnings(&self) -> &[Warning] {
        &[]
    }
}

impl Batch {
    fn header(&self, el: El<'_>) -> Result<Head, Refusal> {
        let header = Section::read(el)?;
        let name = need(el, &header, "Name")?;
        let origin = need(el, &header, "Origin")?.as_bytes();
        let (dest, secret) = (need(el, &header, "Dest")?, octets(el, &header, "Secret")?);
        let mac = octets(el, &header, "HeaderMAC")?;
        let derive = |phrase| BatchKey::derive(&Source { phrase, dest, name, secret: &secret });
        let open = derive(origin);
        let is_open = open.covers_header(&header, name, &mac);
        let Some(password) = &self.password else {
            return Ok(Head { key: open, is_sound: is_open });
        };
        if is_open {
            let rule = "a password is given for a file that has one only";
            return Err(el.refuse_field(Code::KeyUnused, "key", rule));
        }
        let key = derive(password.expose());
        let is_sound = key.covers_header(&header, name, &mac);
        Ok(Head { key, is_sound })
    }

    /// A wrong password spoils both MACs, and so does a missing one: only where one of the two is
    /// right it is certain that the other part was changed.
    fn judge(&self, el: El<'_>, header: bool, token: bool) -> Result<(), Refusal> {
        let field = match (header, token) {
            (true, true) => return Ok(()),
            (false, false) if self.password.is_none() => {
                let rule = "the password of the file is given";
                return Err(el.refuse_field(Code::KeyRequired, "key", rule));
            }
            (true, false) => "TokenMAC",
            (false, _) => "HeaderMAC",
        };
        let rule = "header and token carry the MACs that their content has";
        Err(el.refuse_field(Code::MacMismatch, field, rule))
    }
}

fn need<'a>(el: El<'_>, section: &'a Section, name: &'static str) -> Result<&'a str, Refusal> {
    section.get(name).filter(|text| !text.is_empty()).ok_or_else(|| {
        let code = if name.ends_with("MAC") { Code::MacMissing } else { Code::Schema };
        el.refuse_field(code, name, format!("{} has {name}", el.name()))
    })
}

/// A block in base64.
fn octets(el: El<'_>, section: &Section, name: &'static str) -> Result<[u8; BLOCK], Refusal> {
    let text = need(el, section, name)?;
    let octets = STANDARD.decode(text).ok().and_then(|octets| octets.try_into().ok());
    octets.ok_or_else(|| {
        el.refuse_field(Code::Base64, name, "16 octets in canonical base64 (RFC 4648 s.4)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seedfile::Format;
    use crate::seedfile::xml::trial::{self, Outcome};

    /// A batch of two, its MACs made by another implementation.
    const BATCH: &str = "<?xml version=\"1.0\"?>\n<TKNBatch>\n<TKNHeader><Version>0</Version>\
        <Origin>Warifu works</Origin><Dest>branch 7</Dest><Name>batch-1</Name>\
        <Secret>AAECAwQFBgcICQoLDA0ODw==</Secret><DefDigits>8</DefDigits>\
        <HeaderMAC>y6EzCxdCi5CgYcKEjIfu8Q==</HeaderMAC></TKNHeader>\n\
        <TKN><SN>000100200300</SN><Seed>=AAECAwQFBgcICQoLDA0ODw==</Seed><UserLogin> </UserLogin>\
        <Pin>1</Pin><TokenAttributes><Nickname></Nickname></TokenAttributes>\
        <TokenMAC>nUAEGE7hgfaOYoxnuzejHg==</TokenMAC></TKN>\n\
        <TKN><SN>000100200301</SN><Seed>=AQECAwQFBgcICQoLDA0ODw==</Seed><AddPIN>1</AddPIN>\
        <TokenMAC>T3yV5cUfZsi6XP3rR4I5TQ==</TokenMAC></TKN>\n\
        <TKNTrailer><BatchSignature>AA==</BatchSignature></TKNTrailer>\n</TKNBatch>\n";

    /// The same under the password `open sesame`, its first token only.
    fn protected() -> String {
        let (first, rest) = BATCH.split_once("<TKN><SN>000100200301").unwrap();
        let (_, trailer) = rest.split_once("</TKN>").unwrap();
        format!("{first}{trailer}")
            .replace("y6EzCxdCi5CgYcKEjIfu8Q==", "2Hi3IFTld5aTP+bzTKb+lw==")
            .replace("nUAEGE7hgfaOYoxnuzejHg==", "AasK1gCU1OKoEBCjdAEGlg==")
    }

    fn codes(text: &str) -> Vec<Code> {
        trial::codes(Format::Sdtid, text)
    }

    fn under(password: &str, text: &str) -> Outcome {
        trial::read(Format::Sdtid, text.as_bytes(), || ReadOptions {
            unlock: Some(Unlock::Password(Secret::new(password.as_bytes().to_vec()))),
            ..ReadOptions::default()
        })
    }

    #[test]
    fn the_tokens_of_a_sound_file_are_named_and_refused() {
        let outcome = trial::read(Format::Sdtid, BATCH.as_bytes(), ReadOptions::default);
        assert_eq!(outcome.codes(), [Code::Alg, Code::Alg]);
        let serials = outcome.refusals.iter().filter_map(|refusal| refusal.serial.as_deref());
        assert_eq!(serials.collect::<Vec<_>>(), ["000100200300", "000100200301"]);
        assert_eq!(outcome.refusals[1].at.element, "TKNBatch/TKN[2]");
        assert_eq!(outcome.refusals[1].at.line, 5);
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let changed = |from: &str, to: &str| codes(&BATCH.replace(from, to));
        for (from, to) in [
            ("<DefDigits>8", "<DefDigits>6"),
            ("<Pin>1", "<Pin>0"),
            ("=AAECAwQF", "=BAECAwQF"),
            ("000100200300", "000100200399"),
            ("y6EzCxdC", "y6EzCxdD"),
            ("nUAEGE7h", "nUAEGE7i"),
            ("<Nickname></Nickname>", "<Nickname>x</Nickname>"),
        ] {
            assert_eq!(changed(from, to), [Code::MacMismatch], "{from}");
        }
        assert_eq!(changed("<AddPIN>1", "<AddPIN>0"), [Code::Alg, Code::MacMismatch]);
        // The secret is under both MACs: a file that needs a password looks the same.
        assert_eq!(changed("branch 7", "branch 8"), [Code::KeyRequired]);
    }

    #[test]
    fn a_password_is_asked_for_where_there_is_one() {
        assert_eq!(codes(&protected()), [Code::KeyRequired]);
        assert_eq!(under("open sesame", &protected()).codes(), [Code::Alg]);
        assert_eq!(under("open barley", &protected()).codes(), [Code::MacMismatch]);
        assert_eq!(under("open sesame", BATCH).codes(), [Code::KeyUnused]);
    }

    #[test]
    fn what_is_missing_or_twice_refuses_the_file() {
        let changed = |from: &str, to: &str| codes(&BATCH.replace(from, to));
        let mac = "<TokenMAC>T3yV5cUfZsi6XP3rR4I5TQ==</TokenMAC>";
        assert_eq!(changed(mac, ""), [Code::Alg, Code::MacMissing]);
        assert_eq!(changed("<Name>batch-1</Name>", ""), [Code::Schema]);
        assert_eq!(changed("<Pin>1</Pin>", "<Pin>1</Pin><Pin>1</Pin>"), [Code::Schema]);
        assert_eq!(changed("<Pin>1", "<Pin><!-- -->1"), [Code::Schema]);
        assert_eq!(changed("AAECAwQFBgcICQoLDA0ODw==</Secret", "AAEC</Secret"), [Code::Base64]);
        assert_eq!(changed("<TKNHeader>", "<Other/><TKNHeader>"), [Code::Schema]);
        assert_eq!(changed("<TKNBatch>", "<!DOCTYPE x><TKNBatch>"), [Code::XmlDtd]);
        assert_eq!(changed("TKNBatch", "TKNBatches"), [Code::Root]);
        assert_eq!(codes("<TKNBatch></TKNBatch>"), [Code::NoTokens]);
        let (token, _) = BATCH.split_once("<TKN><SN>000100200301").unwrap();
        let (_, token) = token.split_once("<TKN>").unwrap();
        let twice = BATCH.replace("<TKNTrailer>", &format!("<TKN>{token}<TKNTrailer>"));
        assert_eq!(codes(&twice), [Code::Alg, Code::Alg, Code::Duplicate]);
    }
}
