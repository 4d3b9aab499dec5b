//! The words of the life cycle that are enums and nothing else.

macro_rules! words {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them, in the order of the enum.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The stable word, in profiles, on the wire, in records.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads [`Self::word`].
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.word() == word)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a user may do within the contract.
    pub enum Role {
        /// マスターユーザ.
        Master = "master",
        /// 管理者ユーザ.
        Administrator = "administrator",
        /// 一般ユーザ.
        General = "general",
    }
}

words! {
    /// Kind of a token, as the customer sees it.
    pub enum TokenKind {
        /// ハードウェアトークン.
        Hard = "hard",
        /// ソフトウェアトークン.
        Soft = "soft",
        /// A token that reads a picture and shows the transaction.
        Camera = "camera",
    }
}

words! {
    /// 利用形態: how a contract's users and tokens belong together.
    pub enum UsageMode {
        /// Each user a token of their own.
        Individual = "individual",
        /// One token for all users, present and future.
        Common = "common",
        /// Any user may share a token that another user of the contract has in service.
        Shared = "shared",
    }
}
