//! The file that makes the module known to p11-kit (pkcs11.conf(5)). Not responsible for putting it into
//! its place.

use std::path::Path;

use crate::End;

/// The packaged one; here only library and configuration are put into it.
const TEMPLATE: &str = include_str!("../../../packaging/pkcs11/warifu.module");
const MODULE: &str = "module: libwarifu_pkcs11.so";
const RESERVED: &str = "# x-init-reserved: config=/etc/warifu/pkcs11.toml";

pub(crate) fn print(library: Option<&Path>, config: Option<&Path>) -> End {
    let mut text = TEMPLATE.to_owned();
    for (path, line, name) in [(library, MODULE, "module: "), (config, RESERVED, CONFIG)] {
        let Some(path) = path else { continue };
        let plain = path.to_str().filter(|path| !path.chars().any(char::is_control));
        let Some(plain) = plain else {
            return End::Usage(format!("{}: can not be part of the file", path.display()));
        };
        text = text.replace(line, &format!("{name}{plain}"));
    }
    End::Shown { text, well: true }
}

const CONFIG: &str = "x-init-reserved: config=";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(library: Option<&str>, config: Option<&str>) -> String {
        match print(library.map(Path::new), config.map(Path::new)) {
            End::Shown { text, well: true } => text,
            End::Shown { .. } | End::Usage(_) | End::Config(_) => panic!("nothing was printed"),
        }
    }

    #[test]
    fn library_and_configuration_are_put_in() {
        assert_eq!(text(None, None), TEMPLATE);
        let own = text(Some("/opt/lib.so"), Some("/etc/x.toml"));
        assert!(own.contains("\nmodule: /opt/lib.so\n"), "{own}");
        assert!(own.contains("\nx-init-reserved: config=/etc/x.toml\n"), "{own}");
        let injected = print(Some(Path::new("/x\ncritical: yes")), None);
        assert!(matches!(injected, End::Usage(_)));
    }
}
