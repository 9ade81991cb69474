//! The steps of a load: the time of each, and where the image came from.

use serde::Serialize;

use crate::image_origin::ImageOrigin;
use crate::json::ns_as_micros;
use crate::text::bounded;

/// The most bytes of a load's source.
pub const SOURCE_BYTES_MAX: usize = 256;

/// The steps of one load. A step that was not reached took no time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LoadSteps {
    /// The source as it was asked for, at most [`SOURCE_BYTES_MAX`] bytes.
    pub source: Box<str>,
    /// `None` when the load failed before it had an image.
    pub image: Option<ImageOrigin>,
    /// To find the source, or fetch it.
    #[serde(rename = "lookup_us", serialize_with = "ns_as_micros")]
    pub lookup_ns: u64,
    /// To compile it, or get its image from a cache.
    #[serde(rename = "image_us", serialize_with = "ns_as_micros")]
    pub image_ns: u64,
    /// To make the instance.
    #[serde(rename = "instance_us", serialize_with = "ns_as_micros")]
    pub instance_ns: u64,
    /// In start functions and constructors, with the calls that they made.
    #[serde(rename = "start_us", serialize_with = "ns_as_micros")]
    pub start_ns: u64,
}

impl LoadSteps {
    /// No step yet. The source is cut to [`SOURCE_BYTES_MAX`].
    pub fn of(source: &str) -> LoadSteps {
        LoadSteps { source: bounded(source, SOURCE_BYTES_MAX).into(), ..LoadSteps::default() }
    }

    /// The steps by name, in their order, with their times.
    pub fn times_ns(&self) -> [(&'static str, u64); 4] {
        [
            ("look-up", self.lookup_ns),
            ("image", self.image_ns),
            ("instance", self.instance_ns),
            ("start", self.start_ns),
        ]
    }
}
