//! The thin layer over `cryptoki-sys`: the calls of the hot path without a size query, and calls
//! whose templates or mechanism numbers `cryptoki` can not express.
//!
//! The only unsafe code of this package. Not responsible for: sessions, retries, meaning of errors.
//! Every handle carries the epoch it was made in, because handle numbers start again after
//! `C_Initialize` and a stale one would compute another customer's MAC.

use std::{
    ffi::CStr,
    path::Path,
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, Ordering},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Function},
    error::Rv,
    object::ObjectHandle,
    session::Session,
};
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_FUNCTION_LIST, CK_FUNCTION_LIST_PTR_PTR, CK_MECHANISM, CK_MECHANISM_TYPE,
    CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_ULONG, CKR_ARGUMENTS_BAD,
    CKR_FUNCTION_NOT_SUPPORTED, CKR_OK,
};

use crate::{
    fault::Fault,
    mechanism::Mechanism,
    template::{Template, ulong},
};

/// A session of one epoch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct SessionRef {
    handle: CK_SESSION_HANDLE,
    epoch: u64,
}

impl SessionRef {
    /// The session must have been opened in `epoch`.
    pub(crate) fn new(session: &Session, epoch: u64) -> Self {
        Self { handle: session.handle(), epoch }
    }

    /// The epoch it was opened in.
    pub(crate) fn epoch(self) -> u64 {
        self.epoch
    }

    /// Handle of an object that this session's epoch named.
    pub(crate) fn object(self, handle: ObjectHandle) -> ObjectRef {
        ObjectRef { handle: handle.handle(), epoch: self.epoch }
    }
}

/// An object of one epoch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ObjectRef {
    handle: CK_OBJECT_HANDLE,
    epoch: u64,
}

impl ObjectRef {
    /// The epoch it was made in.
    pub(crate) fn epoch(self) -> u64 {
        self.epoch
    }

    /// For calls through `cryptoki`, refused where the session is of another epoch.
    pub(crate) fn within(self, session: SessionRef) -> Result<ObjectHandle, Fault> {
        let handle = self.checked(session)?;
        // SAFETY: the handle came from this module in the same epoch; the token judges any number
        // it is given (PKCS#11 v3.1 s.5.1.7, CKR_OBJECT_HANDLE_INVALID).
        Ok(unsafe { ObjectHandle::new_from_raw(handle) })
    }

    fn checked(self, session: SessionRef) -> Result<CK_OBJECT_HANDLE, Fault> {
        if self.epoch == session.epoch { Ok(self.handle) } else { Err(Fault::Stale) }
    }
}

/// The list that the module gave, for [`C_GetFunctionList`] of this executable.
static LIST: AtomicPtr<CK_FUNCTION_LIST> = AtomicPtr::new(ptr::null_mut());

/// Hands the module's own list to `cryptoki` (`Pkcs11::new_from_self`), so that both layers share
/// one instance of the module: some (p11-kit's client) open another connection, with sessions and
/// a login of its own, each time they are asked for their functions.
// SAFETY: no other C_GetFunctionList is linked into this executable; modules are loaded locally.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    let known = LIST.load(Ordering::Acquire);
    if known.is_null() {
        return CKR_FUNCTION_NOT_SUPPORTED;
    }
    let Some(place) = NonNull::new(list) else { return CKR_ARGUMENTS_BAD };
    // SAFETY: the caller gives a place for one pointer (PKCS#11 v3.1 s.5.4.4).
    unsafe { place.write(known) };
    CKR_OK
}

/// The module's functions. Keeps the library loaded.
pub(crate) struct Functions {
    list: CK_FUNCTION_LIST,
    _library: cryptoki_sys::Pkcs11,
}

impl Functions {
    /// Loads the module and asks for its function list, once for this layer and for `cryptoki`.
    pub(crate) fn load(path: &Path) -> Result<Self, Fault> {
        // SAFETY: loading runs the module's constructors; the operator chose the module.
        let library = unsafe { cryptoki_sys::Pkcs11::new(path) }
            .map_err(|_| Fault::Absent(Function::GetFunctionList))?;
        if library.C_GetFunctionList.is_err() {
            return Err(Fault::Absent(Function::GetFunctionList));
        }
        let mut list = ptr::null_mut();
        // SAFETY: the symbol exists (checked above) and `list` outlives the call. May be called
        // before C_Initialize (PKCS#11 v3.1 s.5.4.4).
        let code = unsafe { library.C_GetFunctionList(&raw mut list) };
        outcome(code, Function::GetFunctionList)?;
        let list = NonNull::new(list).ok_or(Fault::Absent(Function::GetFunctionList))?;
        LIST.store(list.as_ptr(), Ordering::Release);
        // SAFETY: after CKR_OK the pointer names the module's static CK_FUNCTION_LIST
        // (PKCS#11 v3.1 s.5.4.4), which the library kept below keeps mapped.
        let list = unsafe { *list.as_ptr() };
        Ok(Self { list, _library: library })
    }

    /// `C_SignInit` alone: whether the key may be used with this mechanism.
    pub(crate) fn sign_init(
        &self,
        session: SessionRef,
        mechanism: CK_MECHANISM_TYPE,
        key: ObjectRef,
    ) -> Result<(), Fault> {
        let call = self.list.C_SignInit.ok_or(Fault::Absent(Function::SignInit))?;
        let key = key.checked(session)?;
        let code = Mechanism::plain(mechanism).lend(|mechanism| {
            let mechanism: *mut CK_MECHANISM = mechanism;
            // SAFETY: `mechanism` has no parameter and outlives the call; handles are numbers that
            // the module checks (PKCS#11 v3.1 s.5.13.1).
            unsafe { call(session.handle, mechanism, key) }
        });
        outcome(code, Function::SignInit)
    }

    /// `C_Sign` after [`Self::sign_init`], without a size query; the length of the MAC.
    pub(crate) fn sign(
        &self,
        session: SessionRef,
        data: &[u8],
        mac: &mut [u8],
    ) -> Result<usize, Fault> {
        let call = self.list.C_Sign.ok_or(Fault::Absent(Function::Sign))?;
        let mut length = ulong(mac.len());
        // SAFETY: both buffers live through the call and have the lengths stated; C_Sign reads the
        // data and writes at most `length` bytes (PKCS#11 v3.1 s.5.13.2, s.5.2).
        let code = unsafe {
            call(
                session.handle,
                data.as_ptr().cast_mut(),
                ulong(data.len()),
                mac.as_mut_ptr(),
                &raw mut length,
            )
        };
        outcome(code, Function::Sign)?;
        Ok(clamp(length, mac.len()))
    }

    /// `C_UnwrapKey`.
    pub(crate) fn unwrap(
        &self,
        session: SessionRef,
        mechanism: Mechanism<'_>,
        wrapping_key: ObjectRef,
        blob: &[u8],
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        let call = self.list.C_UnwrapKey.ok_or(Fault::Absent(Function::UnwrapKey))?;
        let key = wrapping_key.checked(session)?;
        let mut made: CK_OBJECT_HANDLE = 0;
        let code = lend_both(mechanism, template, |mechanism, (pointer, count)| {
            // SAFETY: mechanism, blob, attributes and `made` outlive the call; their lengths are
            // theirs; the blob and the template are read only (PKCS#11 v3.1 s.5.18.4).
            unsafe {
                call(
                    session.handle,
                    mechanism,
                    key,
                    blob.as_ptr().cast_mut(),
                    ulong(blob.len()),
                    pointer,
                    count,
                    &raw mut made,
                )
            }
        });
        outcome(code, Function::UnwrapKey)?;
        Ok(ObjectRef { handle: made, epoch: session.epoch })
    }

    /// `C_WrapKey` without a size query; the length of the blob.
    pub(crate) fn wrap(
        &self,
        session: SessionRef,
        mechanism: Mechanism<'_>,
        wrapping_key: ObjectRef,
        key: ObjectRef,
        blob: &mut [u8],
    ) -> Result<usize, Fault> {
        let call = self.list.C_WrapKey.ok_or(Fault::Absent(Function::WrapKey))?;
        let (wrapping_key, key) = (wrapping_key.checked(session)?, key.checked(session)?);
        let mut length = ulong(blob.len());
        let code = mechanism.lend(|mechanism| {
            let mechanism: *mut CK_MECHANISM = mechanism;
            // SAFETY: the buffer lives through the call and `length` is its size, which the module
            // may lower but not exceed (PKCS#11 v3.1 s.5.18.3, s.5.2).
            unsafe {
                call(
                    session.handle,
                    mechanism,
                    wrapping_key,
                    key,
                    blob.as_mut_ptr(),
                    &raw mut length,
                )
            }
        });
        outcome(code, Function::WrapKey)?;
        Ok(clamp(length, blob.len()))
    }

    /// `C_CreateObject`.
    pub(crate) fn create(
        &self,
        session: SessionRef,
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        let call = self.list.C_CreateObject.ok_or(Fault::Absent(Function::CreateObject))?;
        let mut made: CK_OBJECT_HANDLE = 0;
        let code = template.lend(|attributes| {
            let (pointer, count) = parts(attributes);
            // SAFETY: attributes and `made` outlive the call (PKCS#11 v3.1 s.5.7.1).
            unsafe { call(session.handle, pointer, count, &raw mut made) }
        });
        outcome(code, Function::CreateObject)?;
        Ok(ObjectRef { handle: made, epoch: session.epoch })
    }

    /// `C_CopyObject`; the template says what differs.
    pub(crate) fn copy(
        &self,
        session: SessionRef,
        object: ObjectRef,
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        let call = self.list.C_CopyObject.ok_or(Fault::Absent(Function::CopyObject))?;
        let object = object.checked(session)?;
        let mut made: CK_OBJECT_HANDLE = 0;
        let code = template.lend(|attributes| {
            let (pointer, count) = parts(attributes);
            // SAFETY: attributes and `made` outlive the call (PKCS#11 v3.1 s.5.7.2).
            unsafe { call(session.handle, object, pointer, count, &raw mut made) }
        });
        outcome(code, Function::CopyObject)?;
        Ok(ObjectRef { handle: made, epoch: session.epoch })
    }

    /// `C_GenerateKey`.
    pub(crate) fn generate(
        &self,
        session: SessionRef,
        mechanism: CK_MECHANISM_TYPE,
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        let call = self.list.C_GenerateKey.ok_or(Fault::Absent(Function::GenerateKey))?;
        let mut made: CK_OBJECT_HANDLE = 0;
        let mechanism = Mechanism::plain(mechanism);
        let code = lend_both(mechanism, template, |mechanism, (pointer, count)| {
            // SAFETY: mechanism, attributes and `made` outlive the call (PKCS#11 v3.1 s.5.18.1).
            unsafe { call(session.handle, mechanism, pointer, count, &raw mut made) }
        });
        outcome(code, Function::GenerateKey)?;
        Ok(ObjectRef { handle: made, epoch: session.epoch })
    }

    /// `C_DeriveKey` by `CKM_AES_ECB_ENCRYPT_DATA`: the new key is `data` encrypted under `base`.
    pub(crate) fn derive(
        &self,
        session: SessionRef,
        base: ObjectRef,
        data: &[u8],
        template: &Template,
    ) -> Result<ObjectRef, Fault> {
        let call = self.list.C_DeriveKey.ok_or(Fault::Absent(Function::DeriveKey))?;
        let base = base.checked(session)?;
        let mut made: CK_OBJECT_HANDLE = 0;
        let mechanism = Mechanism::ecb_derivation(data);
        let code = lend_both(mechanism, template, |mechanism, (pointer, count)| {
            // SAFETY: mechanism, its parameter, the data it points to, attributes and `made`
            // outlive the call; the data is read only (PKCS#11 v3.1 s.5.18.5, s.6.27.2).
            unsafe { call(session.handle, mechanism, base, pointer, count, &raw mut made) }
        });
        outcome(code, Function::DeriveKey)?;
        Ok(ObjectRef { handle: made, epoch: session.epoch })
    }

    /// `C_EncryptInit` and `C_Encrypt` without a size query; the length of what was made.
    pub(crate) fn encrypt(
        &self,
        session: SessionRef,
        mechanism: Mechanism<'_>,
        key: ObjectRef,
        data: &[u8],
        sealed: &mut [u8],
    ) -> Result<usize, Fault> {
        let init = self.list.C_EncryptInit.ok_or(Fault::Absent(Function::EncryptInit))?;
        let call = self.list.C_Encrypt.ok_or(Fault::Absent(Function::Encrypt))?;
        let key = key.checked(session)?;
        let mut length = ulong(sealed.len());
        mechanism.lend(|mechanism| {
            let mechanism: *mut CK_MECHANISM = mechanism;
            // SAFETY: `mechanism`, its parameter and what that points to outlive both calls: some
            // modules read them in the second only (PKCS#11 v3.1 s.5.8.1, s.6.13.3).
            outcome(unsafe { init(session.handle, mechanism, key) }, Function::EncryptInit)?;
            // SAFETY: both buffers live through the call and have the lengths stated; at most
            // `length` bytes are written (PKCS#11 v3.1 s.5.8.2, s.5.2).
            let code = unsafe {
                call(
                    session.handle,
                    data.as_ptr().cast_mut(),
                    ulong(data.len()),
                    sealed.as_mut_ptr(),
                    &raw mut length,
                )
            };
            outcome(code, Function::Encrypt)
        })?;
        Ok(clamp(length, sealed.len()))
    }

    /// `C_DestroyObject`.
    pub(crate) fn destroy(&self, session: SessionRef, object: ObjectRef) -> Result<(), Fault> {
        let call = self.list.C_DestroyObject.ok_or(Fault::Absent(Function::DestroyObject))?;
        let object = object.checked(session)?;
        // SAFETY: two numbers, which the module checks (PKCS#11 v3.1 s.5.7.3).
        outcome(unsafe { call(session.handle, object) }, Function::DestroyObject)
    }

    /// `C_DecryptInit` and `C_Decrypt` into a buffer of the caller, which is to wipe it.
    pub(crate) fn decrypt(
        &self,
        session: SessionRef,
        mechanism: Mechanism<'_>,
        key: ObjectRef,
        data: &[u8],
        clear: &mut [u8],
    ) -> Result<usize, Fault> {
        let init = self.list.C_DecryptInit.ok_or(Fault::Absent(Function::DecryptInit))?;
        let call = self.list.C_Decrypt.ok_or(Fault::Absent(Function::Decrypt))?;
        let key = key.checked(session)?;
        let mut length = ulong(clear.len());
        mechanism.lend(|mechanism| {
            let mechanism: *mut CK_MECHANISM = mechanism;
            // SAFETY: `mechanism`, its parameter and what that points to outlive both calls
            // (PKCS#11 v3.1 s.5.10.1).
            outcome(unsafe { init(session.handle, mechanism, key) }, Function::DecryptInit)?;
            // SAFETY: both buffers live through the call and have the lengths stated; at most
            // `length` bytes are written (PKCS#11 v3.1 s.5.10.2, s.5.2).
            let code = unsafe {
                call(
                    session.handle,
                    data.as_ptr().cast_mut(),
                    ulong(data.len()),
                    clear.as_mut_ptr(),
                    &raw mut length,
                )
            };
            outcome(code, Function::Decrypt)
        })?;
        Ok(clamp(length, clear.len()))
    }
}

/// Arguments of `C_Initialize`: OS locking (SoftHSM drops its mutexes without the flag) and the text
/// that some modules take their configuration from. It must live as long as the process.
pub(crate) fn initialize_args(argument: Option<&'static CStr>) -> CInitializeArgs {
    let flags = CInitializeFlags::OS_LOCKING_OK;
    let Some(argument) = argument else { return CInitializeArgs::new(flags) };
    let pointer = NonNull::from(argument).cast();
    // SAFETY: a NUL-terminated text of static lifetime, which is what modules that read pReserved
    // at all expect there (PKCS#11 v3.1 s.3.7, CK_C_INITIALIZE_ARGS).
    unsafe { CInitializeArgs::new_with_reserved(flags, pointer) }
}

fn outcome(code: CK_RV, function: Function) -> Result<(), Fault> {
    match Rv::from(code) {
        Rv::Ok => Ok(()),
        Rv::Error(code) => Err(Fault::Call { code, function }),
    }
}

/// Both in their C form, for one call.
fn lend_both(
    mechanism: Mechanism<'_>,
    template: &Template,
    call: impl FnOnce(*mut CK_MECHANISM, (*mut CK_ATTRIBUTE, CK_ULONG)) -> CK_RV,
) -> CK_RV {
    mechanism.lend(|mechanism| template.lend(|attributes| call(mechanism, parts(attributes))))
}

fn parts(attributes: &mut [CK_ATTRIBUTE]) -> (*mut CK_ATTRIBUTE, CK_ULONG) {
    (attributes.as_mut_ptr(), ulong(attributes.len()))
}

/// A module that claims to have written more than it was given is not believed.
fn clamp(written: CK_ULONG, room: usize) -> usize {
    usize::try_from(written).map_or(room, |written| written.min(room))
}
