//! TXA1, the open protocol of camera tokens: messages sealed for one token and one activation, codes
//! over exactly what the token shows.
//!
//! What is kept between the steps is one run of bytes, because only this driver reads it:
//!
//! | after | material |
//! |---|---|
//! | the first message | NS |
//! | the second message | NS, NI, counter, instance, question of the confirmation |
//!
//! Not responsible for: the protocol's bytes (`warifu_txa1`), states and tries (`warifu_core::camera`).

use warifu_core::{
    camera::{Active, LoginName, Material, Session, TokenCode},
    code::Code,
    custody::CameraKeys,
    lifecycle::Denial,
    oath::HashAlgorithm,
    time::UnixTime,
};
use warifu_txa1::{
    activation::{self, Bank, DeviceCode, DeviceCodeFault, First, LoginId, Second},
    content::Content,
    frame::{Frame, Header, Kind, NONCE_LEN},
    qr_text, question,
    secret::{SALT_LEN, Salt, both},
    serial::DeviceSerial,
};
use zeroize::Zeroizing;

use super::{
    Activation, ActivationMessage, ChallengeMessage, Driver, DriverError, Message, Question, Stage,
    TokenKeys, Wish, Work,
};
use crate::{
    custody::{self, KeyRole},
    hsm::{CheckOrder, Hsm, MessageOrder, Reduction, Row, SecretBytes},
};

/// The open protocol.
pub struct Txa1(Hsm);

/// What an activation left behind.
struct Kept {
    ns: Salt,
    ni: Salt,
    counter: u16,
    instance: u8,
    confirmation: [u8; 32],
}

impl Txa1 {
    /// In records.
    pub const NAME: &'static str = "txa1";

    /// Works with this HSM.
    pub const fn new(hsm: Hsm) -> Self {
        Self(hsm)
    }

    async fn first(
        &self,
        keys: TokenKeys<'_>,
        one: Activation<'_>,
        may_replace: bool,
    ) -> Result<ActivationMessage, DriverError> {
        let [ns, nonce] = self.randoms().await?;
        let (issued, ttl) = validity(one.now, one.lifetime_s)?;
        let bank = Bank::from_text(one.bank).ok_or(DriverError::Damaged)?;
        let plain = First { ns: Salt::new(ns), issued, ttl, may_replace, bank };
        let header = Header::first(serial(keys)?);
        let message = self.seal(keys, header, nonce, &[], plain.encode()).await?;
        let material = Material::new(ns.to_vec()).ok_or(DriverError::Damaged)?;
        Ok(ActivationMessage { message, material })
    }

    async fn second(
        &self,
        keys: TokenKeys<'_>,
        one: Activation<'_>,
        (session, counter, code, activation): (&Session, u16, &TokenCode, u32),
    ) -> Result<ActivationMessage, DriverError> {
        let ns = Salt::from_slice(session.material.expose()).ok_or(DriverError::Damaged)?;
        let [ni, nonce] = self.randoms().await?;
        let (issued, ttl) = validity(one.now, one.lifetime_s)?;
        let token_code = activation::TokenCode::from_text(code.as_str());
        let plain = Second {
            ni: Salt::new(ni),
            issued,
            ttl,
            token_code: token_code.ok_or(DriverError::Damaged)?,
            login_id: login(one.login)?,
        };
        let instance = instance_number(activation);
        let header = Header::new(Kind::Am2, serial(keys)?, instance, counter);
        let header = header.map_err(|_| DriverError::Denied(Denial::TokenUnusable))?;
        let message = self.seal(keys, header, nonce, ns.expose(), plain.encode()).await?;
        let ni = Salt::new(ni);
        let confirmation = activation::confirm_question(&ns, &ni, &session.message, &message.bytes);
        let kept = Kept { ns, ni, counter, instance, confirmation };
        Ok(ActivationMessage { message, material: kept.material()? })
    }

    async fn sign_request(
        &self,
        keys: TokenKeys<'_>,
        active: &Active,
        activation: u32,
        wish: Wish<'_>,
    ) -> Result<ChallengeMessage, DriverError> {
        let kept = Kept::read(&active.material)?;
        let (issued, ttl) = validity(wish.now, wish.lifetime_s.into())?;
        let content = Content::new(issued, ttl, login(wish.login)?, wish.body.clone());
        let content = content.map_err(|_| Denial::NotSignable)?;
        let header = kept.header(content.kind(), keys)?;
        let content = content.encode();
        let mut nonce = [0; NONCE_LEN];
        self.fill(&mut nonce).await?;
        let bound = both(&kept.ns, &kept.ni);
        let aad = header.aad(&bound);
        let record = custody::key_record_name(keys.id, KeyRole::Encryption);
        let order = MessageOrder {
            record: &record,
            seal: &camera(keys)?.encryption,
            nonce,
            aad: aad.to_vec(),
            plaintext: SecretBytes::new(content.clone()),
            row: Some(row(keys, active, activation)),
        };
        let sealed = self.0.seal_message(order, keys.deadline).await?;
        let bytes = Frame::new(header, nonce, sealed).map_err(|_| Denial::NotSignable)?.encode();
        let question = question::signature(&kept.ns, &kept.ni, &header, &nonce, &content);
        let message = Message { bytes, nonce };
        Ok(ChallengeMessage { message, content, question: question.to_vec() })
    }

    async fn seal(
        &self,
        keys: TokenKeys<'_>,
        header: Header,
        nonce: [u8; NONCE_LEN],
        bound: &[u8],
        plaintext: Zeroizing<Vec<u8>>,
    ) -> Result<Message, DriverError> {
        let record = custody::key_record_name(keys.id, KeyRole::Encryption);
        let aad = header.aad(bound);
        let order = MessageOrder {
            record: &record,
            seal: &camera(keys)?.encryption,
            nonce,
            aad: aad.to_vec(),
            plaintext: SecretBytes::new(plaintext.to_vec()),
            row: None,
        };
        let sealed = self.0.seal_message(order, keys.deadline).await?;
        let frame = Frame::new(header, nonce, sealed).map_err(|_| DriverError::Damaged)?;
        Ok(Message { bytes: frame.encode(), nonce })
    }

    /// A salt and a nonce out of one look at the HSM's generator.
    async fn randoms(&self) -> Result<[[u8; SALT_LEN]; 2], DriverError> {
        let (mut salt, mut nonce) = ([0; SALT_LEN], [0; NONCE_LEN]);
        let mut bytes = Zeroizing::new([0; SALT_LEN + NONCE_LEN]);
        self.fill(bytes.as_mut_slice()).await?;
        let (first, second) = bytes.split_at(SALT_LEN);
        salt.copy_from_slice(first);
        nonce.copy_from_slice(second);
        Ok([salt, nonce])
    }

    async fn fill(&self, bytes: &mut [u8]) -> Result<(), DriverError> {
        let count = u16::try_from(bytes.len()).map_err(|_| DriverError::Damaged)?;
        let random = Zeroizing::new(self.0.random(count).await?);
        if random.len() != bytes.len() {
            return Err(DriverError::Damaged);
        }
        bytes.copy_from_slice(&random);
        Ok(())
    }

    async fn signed(
        &self,
        keys: TokenKeys<'_>,
        question: &[u8; 32],
        code: &Code,
        row: Option<Row>,
    ) -> Result<Option<usize>, DriverError> {
        if code.len() != question::DIGITS {
            return Err(Denial::WrongKindOfCode.into());
        }
        let record = custody::key_record_name(keys.id, KeyRole::Signature);
        let order = CheckOrder {
            record: &record,
            hash: HashAlgorithm::Sha256,
            seal: keys.seal,
            reduction: Reduction::Truncate { digits: question::DIGITS },
            code,
            inputs: vec![question::data_input(question)],
            row,
        };
        Ok(self.0.check(order, keys.deadline).await?)
    }
}

impl Driver for Txa1 {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn activation_message<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        one: Activation<'a>,
    ) -> Work<'a, ActivationMessage> {
        Box::pin(async move {
            match one.stage {
                Stage::First { may_replace } => self.first(keys, one, may_replace).await,
                Stage::Second { session, counter, code, activation } => {
                    self.second(keys, one, (session, counter, code, activation)).await
                }
            }
        })
    }

    fn check_device_code<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        session: &'a Session,
        typed: &'a str,
    ) -> Work<'a, Option<u16>> {
        Box::pin(async move {
            let typed = DeviceCode::parse(typed).map_err(|fault| match fault {
                DeviceCodeFault::WrongKind => Denial::WrongKindOfCode,
                DeviceCodeFault::Typo => Denial::Typo,
            })?;
            let ns = Salt::from_slice(session.material.expose()).ok_or(DriverError::Damaged)?;
            let input = activation::device_code_input(&ns, &session.message, typed.counter());
            let record = custody::key_record_name(keys.id, KeyRole::DeviceCode);
            let order = CheckOrder {
                record: &record,
                hash: HashAlgorithm::Sha256,
                seal: &camera(keys)?.device_code,
                reduction: Reduction::Decimal64 { digits: DeviceCode::MAC_DIGITS },
                code: typed.mac(),
                inputs: vec![input.to_vec()],
                row: None,
            };
            let found = self.0.check(order, keys.deadline).await?;
            Ok(found.map(|_| typed.counter()))
        })
    }

    fn bind<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        material: &'a Material,
        activation: u32,
    ) -> Work<'a, [u8; 32]> {
        Box::pin(async move {
            Ok(self.0.tag(row_data(keys, material, activation), keys.deadline).await?)
        })
    }

    fn message<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        active: &'a Active,
        activation: u32,
        wish: Wish<'a>,
    ) -> Work<'a, ChallengeMessage> {
        Box::pin(self.sign_request(keys, active, activation, wish))
    }

    fn check_code<'a>(
        &'a self,
        keys: TokenKeys<'a>,
        question: Question<'a>,
        code: &'a Code,
    ) -> Work<'a, Option<usize>> {
        Box::pin(async move {
            match question {
                Question::Confirmation(session) => {
                    let kept = Kept::read(&session.material)?;
                    self.signed(keys, &kept.confirmation, code, None).await
                }
                Question::Signature { question, message, content, active, activation } => {
                    let made = question_over(active, message, content)?;
                    let row = row(keys, active, activation);
                    // The HSM has the first word: it knows whether the token's state is its own.
                    let found = self.signed(keys, &made, code, Some(row)).await?;
                    let whole = question == made.as_slice();
                    if whole { Ok(found) } else { Err(DriverError::Damaged) }
                }
                Question::Factors { .. } | Question::Inputs { .. } => {
                    Err(Denial::WrongKindOfCode.into())
                }
            }
        })
    }

    fn text(&self, message: &[u8]) -> Option<String> {
        Some(qr_text::encode(message))
    }
}

impl Kept {
    const LEN: usize = 2 * SALT_LEN + 2 + 1 + 32;

    fn material(&self) -> Result<Material, DriverError> {
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.extend_from_slice(self.ns.expose());
        bytes.extend_from_slice(self.ni.expose());
        bytes.extend_from_slice(&self.counter.to_be_bytes());
        bytes.push(self.instance);
        bytes.extend_from_slice(&self.confirmation);
        Material::new(bytes).ok_or(DriverError::Damaged)
    }

    fn read(material: &Material) -> Result<Self, DriverError> {
        Self::parse(material.expose()).ok_or(DriverError::Damaged)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (ns, rest) = bytes.split_first_chunk()?;
        let (ni, rest) = rest.split_first_chunk()?;
        let (counter, rest) = rest.split_first_chunk()?;
        let (instance, confirmation) = rest.split_first()?;
        Some(Self {
            ns: Salt::new(*ns),
            ni: Salt::new(*ni),
            counter: u16::from_be_bytes(*counter),
            instance: *instance,
            confirmation: confirmation.try_into().ok()?,
        })
    }

    fn header(&self, kind: Kind, keys: TokenKeys<'_>) -> Result<Header, DriverError> {
        Header::new(kind, serial(keys)?, self.instance, self.counter)
            .map_err(|_| DriverError::Damaged)
    }
}

/// The question anew, from what the store says was shown.
fn question_over(active: &Active, message: &[u8], content: &[u8]) -> Result<[u8; 32], DriverError> {
    let kept = Kept::read(&active.material)?;
    let frame = Frame::parse(message).map_err(|_| DriverError::Damaged)?;
    Ok(question::signature(&kept.ns, &kept.ni, frame.header(), frame.nonce(), content))
}

/// 1..=255, and 1 again: the salts tell activations apart, the number only helps people.
fn instance_number(activation: u32) -> u8 {
    let number = activation.saturating_sub(1).rem_euclid(255).saturating_add(1);
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn serial(keys: TokenKeys<'_>) -> Result<DeviceSerial, DriverError> {
    DeviceSerial::from_text(keys.id.serial.as_str()).ok_or(DriverError::Damaged)
}

const fn camera(keys: TokenKeys<'_>) -> Result<&CameraKeys, DriverError> {
    match keys.camera {
        Some(camera) => Ok(camera),
        None => Err(DriverError::Damaged),
    }
}

fn login(name: &LoginName) -> Result<LoginId, DriverError> {
    LoginId::from_text(name.as_str()).map_err(|_| DriverError::Damaged)
}

/// The protocol has 32 bits of seconds: until the year 2106.
fn validity(now: UnixTime, lifetime_s: u32) -> Result<(u32, u16), DriverError> {
    let issued = u32::try_from(now.0).map_err(|_| DriverError::Damaged)?;
    let ttl = u16::try_from(lifetime_s).map_err(|_| DriverError::Damaged)?;
    Ok((issued, ttl))
}

fn row(keys: TokenKeys<'_>, active: &Active, activation: u32) -> Row {
    Row { data: row_data(keys, &active.material, activation), tag: active.tag }
}

/// What the tag is over: no other token's material fits, nor that of another activation.
fn row_data(keys: TokenKeys<'_>, material: &Material, activation: u32) -> Vec<u8> {
    let mut data = custody::record_name(keys.id);
    data.push(0);
    data.extend_from_slice(&activation.to_be_bytes());
    data.extend_from_slice(material.expose());
    data
}
