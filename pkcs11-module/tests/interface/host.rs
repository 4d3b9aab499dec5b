//! A host of the module: gets its functions and calls them.
//!
//! The only unsafe code of these tests. Not responsible for what is expected.

use std::{
    path::Path,
    ptr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use cryptoki_sys::{
    CK_C_INITIALIZE_ARGS, CK_FLAGS, CK_FUNCTION_LIST, CK_FUNCTION_LIST_3_0,
    CK_FUNCTION_LIST_PTR_PTR, CK_INTERFACE, CK_INTERFACE_PTR, CK_INTERFACE_PTR_PTR, CK_NOTIFY,
    CK_RV, CK_ULONG, CK_ULONG_PTR, CK_UTF8CHAR_PTR, CK_VERSION, CK_VERSION_PTR, CKF_OS_LOCKING_OK,
    CKR_OK,
};
use warifu_pkcs11 as _; // the functions below are in it

// SAFETY: the signatures are those of the standard's header.
unsafe extern "C" {
    fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV;
    fn C_GetInterfaceList(interfaces: CK_INTERFACE_PTR, count: CK_ULONG_PTR) -> CK_RV;
    fn C_GetInterface(
        name: CK_UTF8CHAR_PTR,
        version: CK_VERSION_PTR,
        interface: CK_INTERFACE_PTR_PTR,
        flags: CK_FLAGS,
    ) -> CK_RV;
}

/// Calls a function of a list.
macro_rules! call {
    ($list:expr, $name:ident $(, $argument:expr)*) => {{
        let function = $list.$name.expect("every function is there");
        // SAFETY: the test hands over what it says, or NULL.
        unsafe { function($($argument),*) }
    }};
}
pub(crate) use call;

/// The module has one life in a process, so tests in one process take turns.
static TURN: Mutex<()> = Mutex::new(());

/// The module, used by one test at a time; finalised when the test is done with it.
pub(crate) struct Module {
    pub(crate) list: &'static CK_FUNCTION_LIST,
    pub(crate) list_3_0: &'static CK_FUNCTION_LIST_3_0,
    _turn: MutexGuard<'static, ()>,
}

impl Module {
    /// Not initialised.
    pub(crate) fn idle() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self { list: function_list(), list_3_0: function_list_3_0(), _turn: turn }
    }

    /// Initialised without arguments. Nothing is configured where these tests run.
    pub(crate) fn initialised() -> Self {
        let module = Self::idle();
        assert_eq!(module.initialise(), CKR_OK);
        module
    }

    pub(crate) fn initialise(&self) -> CK_RV {
        call!(self.list, C_Initialize, ptr::null_mut())
    }

    pub(crate) fn initialise_with(&self, arguments: &mut CK_C_INITIALIZE_ARGS) -> CK_RV {
        call!(self.list, C_Initialize, ptr::from_mut(arguments).cast())
    }

    /// With a configuration, named as p11-kit names one.
    pub(crate) fn initialise_from(&self, configuration: &Path) -> CK_RV {
        let mut text = format!("config={}\0", configuration.display()).into_bytes();
        let mut arguments = CK_C_INITIALIZE_ARGS {
            flags: CKF_OS_LOCKING_OK,
            pReserved: text.as_mut_ptr().cast(),
            ..CK_C_INITIALIZE_ARGS::default()
        };
        self.initialise_with(&mut arguments)
    }

    pub(crate) fn finalise(&self) -> CK_RV {
        call!(self.list, C_Finalize, ptr::null_mut())
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        self.finalise();
    }
}

fn function_list() -> &'static CK_FUNCTION_LIST {
    let mut list = ptr::null_mut();
    // SAFETY: a place for a pointer.
    assert_eq!(unsafe { C_GetFunctionList(&raw mut list) }, CKR_OK);
    // SAFETY: the module's list is there as long as the program is.
    unsafe { list.as_ref() }.expect("a list")
}

fn function_list_3_0() -> &'static CK_FUNCTION_LIST_3_0 {
    let found = interface(None, Some((3, 0)), 0).expect("an interface");
    // SAFETY: of this version the list is of this type.
    unsafe { found.pFunctionList.cast::<CK_FUNCTION_LIST_3_0>().as_ref() }.expect("a list")
}

/// `C_GetInterface`. The name is to end with a zero.
pub(crate) fn interface(
    name: Option<&[u8]>,
    version: Option<(u8, u8)>,
    flags: CK_FLAGS,
) -> Result<CK_INTERFACE, CK_RV> {
    let name = name.map_or(ptr::null_mut(), |name| name.as_ptr().cast_mut());
    let mut asked = version.map(|(major, minor)| CK_VERSION { major, minor });
    let asked = asked.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    let mut found = ptr::null_mut();
    // SAFETY: NULL or a name, NULL or a version, and a place for a pointer.
    match unsafe { C_GetInterface(name, asked, &raw mut found, flags) } {
        // SAFETY: the module's interfaces are there as long as the program is.
        CKR_OK => Ok(unsafe { found.read() }),
        refused => Err(refused),
    }
}

/// `C_GetInterfaceList` into room for so many, or into none; gives their number, too.
pub(crate) fn interfaces(room: Option<usize>) -> (CK_RV, Vec<CK_INTERFACE>, CK_ULONG) {
    let mut row = vec![CK_INTERFACE::default(); room.unwrap_or_default()];
    let at = if room.is_some() { row.as_mut_ptr() } else { ptr::null_mut() };
    let mut count = row.len() as CK_ULONG;
    // SAFETY: there is so much room as is said.
    let code = unsafe { C_GetInterfaceList(at, &raw mut count) };
    (code, row, count)
}

/// The exported functions without a place for their answers.
pub(crate) fn answers_without_a_place() -> [CK_RV; 3] {
    let nowhere = ptr::null_mut();
    [
        // SAFETY: NULL is refused.
        unsafe { C_GetFunctionList(ptr::null_mut()) },
        // SAFETY: NULL is refused.
        unsafe { C_GetInterfaceList(ptr::null_mut(), ptr::null_mut()) },
        // SAFETY: NULL is refused.
        unsafe { C_GetInterface(nowhere, ptr::null_mut(), ptr::null_mut(), 0) },
    ]
}

/// The version at the beginning of an interface's list, and its name.
pub(crate) fn version_and_name(interface: &CK_INTERFACE) -> ((u8, u8), String) {
    // SAFETY: every list begins with its version.
    let version = unsafe { interface.pFunctionList.cast::<CK_VERSION>().read() };
    // SAFETY: the name ends with a zero.
    let name = unsafe { std::ffi::CStr::from_ptr(interface.pInterfaceName.cast()) };
    ((version.major, version.minor), name.to_string_lossy().into_owned())
}

/// An argument that says nothing: zero, or NULL.
pub(crate) trait Nothing {
    fn nothing() -> Self;
}

impl Nothing for u8 {
    fn nothing() -> Self {
        0
    }
}

impl Nothing for CK_ULONG {
    fn nothing() -> Self {
        0
    }
}

impl<T> Nothing for *mut T {
    fn nothing() -> Self {
        ptr::null_mut()
    }
}

impl Nothing for CK_NOTIFY {
    fn nothing() -> Self {
        None
    }
}
