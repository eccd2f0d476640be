//! Files: what is sent of them, and the directories that are served without asking the application.

mod directory;
mod serving;
mod source;

pub(super) use self::directory::Opened;
pub(super) use self::serving::StaticFiles;
pub(super) use self::source::Source;
