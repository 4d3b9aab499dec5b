//! The stored form of a camera token's state, part of its record.
//!
//! Not responsible for: what the state means (`warifu_core::camera`), the token's keys (`seal`).

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use warifu_core::{
    camera::{Active, Camera, LoginName, Material, Phase, Session, TokenCode},
    ident::{ContractId, UserId},
    time::UnixTime,
};

#[derive(Decode, Encode)]
#[cbor(map)]
pub(super) struct CameraWire {
    /// 1 ready, 2 first message, 3 second message, 4 to be initialised, 5 active.
    #[n(1)]
    phase: u8,
    #[n(2)]
    counter: u16,
    #[n(3)]
    activations: u32,
    #[n(4)]
    wrong: u16,
    /// Whose users pick it by `code`.
    #[n(5)]
    contract: Option<String>,
    #[n(6)]
    code: Option<String>,
    #[n(7)]
    session: Option<SessionWire>,
    #[n(8)]
    active: Option<ActiveWire>,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct SessionWire {
    #[n(1)]
    id: ByteArray<12>,
    #[n(2)]
    contract: String,
    #[n(3)]
    user: String,
    #[n(4)]
    login: String,
    #[n(5)]
    since: u64,
    #[n(6)]
    wrong: u8,
    #[n(7)]
    material: ByteVec,
    #[n(8)]
    message: ByteVec,
}

#[derive(Decode, Encode)]
#[cbor(map)]
struct ActiveWire {
    #[n(1)]
    since: u64,
    #[n(2)]
    proven: bool,
    #[n(3)]
    material: ByteVec,
    #[n(4)]
    tag: ByteArray<32>,
}

impl CameraWire {
    pub(super) fn of(camera: &Camera) -> Self {
        let (phase, session, active) = match &camera.phase {
            Phase::Ready => (1, None, None),
            Phase::First(session) => (2, Some(SessionWire::of(session)), None),
            Phase::Second(session) => (3, Some(SessionWire::of(session)), None),
            Phase::InitRequired => (4, None, None),
            Phase::Active(active) => (5, None, Some(ActiveWire::of(active))),
        };
        let (contract, code) = camera.code.clone().unzip();
        Self {
            phase,
            counter: camera.counter,
            activations: camera.activations,
            wrong: camera.wrong,
            contract: contract.map(|id| id.as_str().to_owned()),
            code: code.map(|code| code.as_str().to_owned()),
            session,
            active,
        }
    }

    /// A part too few or too many is damage, never a token that is ready: what is ready can be
    /// activated by whoever was issued it.
    pub(super) fn value(self) -> Result<Camera, &'static str> {
        let phase = match (self.phase, self.session, self.active) {
            (1, None, None) => Phase::Ready,
            (2, Some(session), None) => Phase::First(session.value()?),
            (3, Some(session), None) => Phase::Second(session.value()?),
            (4, None, None) => Phase::InitRequired,
            (5, None, Some(active)) => Phase::Active(active.value()?),
            _ => return Err("parts of a camera token do not fit together"),
        };
        let code = match (self.contract, self.code) {
            (None, None) => None,
            (Some(id), Some(code)) => {
                let code = TokenCode::parse(&code).ok_or("token code")?;
                Some((contract(&id)?, code))
            }
            _ => return Err("token code and contract do not fit together"),
        };
        Ok(Camera {
            phase,
            counter: self.counter,
            activations: self.activations,
            wrong: self.wrong,
            code,
        })
    }
}

impl SessionWire {
    fn of(session: &Session) -> Self {
        Self {
            id: session.id.into(),
            contract: session.contract.as_str().to_owned(),
            user: session.user.as_str().to_owned(),
            login: session.login.as_str().to_owned(),
            since: session.since.0,
            wrong: session.wrong,
            material: session.material.expose().to_vec().into(),
            message: session.message.clone().into(),
        }
    }

    fn value(self) -> Result<Session, &'static str> {
        Ok(Session {
            id: self.id.into(),
            contract: contract(&self.contract)?,
            user: UserId::parse(&self.user).map_err(|_| "user of an activation")?,
            login: LoginName::parse(&self.login).ok_or("login name of an activation")?,
            since: UnixTime(self.since),
            wrong: self.wrong,
            material: material(self.material)?,
            message: self.message.into(),
        })
    }
}

impl ActiveWire {
    fn of(active: &Active) -> Self {
        Self {
            since: active.since.0,
            proven: active.proven,
            material: active.material.expose().to_vec().into(),
            tag: active.tag.into(),
        }
    }

    fn value(self) -> Result<Active, &'static str> {
        Ok(Active {
            since: UnixTime(self.since),
            proven: self.proven,
            material: material(self.material)?,
            tag: self.tag.into(),
        })
    }
}

fn contract(id: &str) -> Result<ContractId, &'static str> {
    ContractId::parse(id).map_err(|_| "contract of a camera token")
}

fn material(bytes: ByteVec) -> Result<Material, &'static str> {
    Material::new(bytes.into()).ok_or("more of a driver's material than there can be")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> CameraWire {
        CameraWire::of(&Camera::default())
    }

    fn session(material: Vec<u8>) -> SessionWire {
        SessionWire {
            id: [1; 12].into(),
            contract: "C1".to_owned(),
            user: "U1".to_owned(),
            login: "ICHIRO".to_owned(),
            since: 0,
            wrong: 0,
            material: material.into(),
            message: Vec::new().into(),
        }
    }

    #[test]
    fn a_part_too_few_or_too_many_is_damage_and_not_ready() {
        let torn = Err("parts of a camera token do not fit together");
        for phase in [0, 2, 3, 5, 6] {
            assert_eq!(CameraWire { phase, ..ready() }.value(), torn, "{phase}");
        }
        for phase in [1, 4, 5] {
            let session = Some(session(Vec::new()));
            assert_eq!(CameraWire { phase, session, ..ready() }.value(), torn, "{phase}");
        }
    }

    #[test]
    fn a_token_code_without_its_contract_is_damage() {
        let torn = Err("token code and contract do not fit together");
        let code = || Some("004217".to_owned());
        assert_eq!(CameraWire { code: code(), ..ready() }.value(), torn);
        let contract = Some("C1".to_owned());
        assert_eq!(CameraWire { contract: contract.clone(), ..ready() }.value(), torn);
        let short = CameraWire { contract, code: Some("4217".to_owned()), ..ready() };
        assert_eq!(short.value(), Err("token code"));
    }

    #[test]
    fn more_material_than_there_can_be_is_damage() {
        let session = Some(session(vec![0; Material::MAX + 1]));
        let wire = CameraWire { phase: 2, session, ..ready() };
        assert_eq!(wire.value(), Err("more of a driver's material than there can be"));
    }
}
