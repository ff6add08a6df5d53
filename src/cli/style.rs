//! The flags that say how pictures look.

use clap::Args;

use crate::picture::{Format, Style, Theme};

/// How pictures look.
#[derive(Debug, Args)]
pub struct StyleArguments {
    /// Kinds of picture files, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMATS", default_value = "png")]
    format: Vec<Format>,

    /// Colours of paper and ink
    #[arg(long, value_enum, default_value_t, value_name = "THEME")]
    theme: Theme,

    /// Draw the cells alone, one pixel each, without axes and key
    #[arg(long)]
    plain: bool,
}

impl StyleArguments {
    /// The style that the flags ask for.
    pub fn style(&self) -> Style {
        Style { theme: self.theme, formats: self.format.clone(), plain: self.plain }
    }
}
