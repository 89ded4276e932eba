//! Rank 0: the configuration. TOML, overridden by environment variables; typed and validated before anything starts.
//!
//! `CHARTGATE_SERVER__LISTEN=...` overrides `listen` in `[server]`: prefix `CHARTGATE_`, two underscores between levels.
//! Every key is documented in `config/chartgate.toml`; a test holds that file and these types together.

mod brands;
mod load;
mod profile;
mod sections;
mod values;

pub use brands::{
    AbsentReason, AddressSection, BrandSection, BrandsSection, IdentifierSection, PortalSection,
};
pub use load::{ConfigError, load, parse};
pub use sections::{
    AccessSection, CacheSection, Config, DatabaseSection, EhrAuth, EhrHookSection, EhrSection, HooksSection,
    HospitalSection, IdentitySection, LogFormat, LogSection, MailSection, OauthSection, PanelRoute,
    PanelSection, ProviderSection, RegistrationSection, RequiredSection, SecureQuestions, ServerSection,
    TlsSection,
};
pub use values::{ByteSize, Period, Secret};
