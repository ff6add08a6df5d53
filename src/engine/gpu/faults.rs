//! Faults of a device, made on purpose: so that tests see how they are survived.

use std::sync::atomic::Ordering;

use super::opened::Opened;

/// What goes wrong on a device, and when. A device has none, unless it is given one by
/// [`GpuEngine::with_faults`](super::GpuEngine::with_faults).
pub trait Faults: Send + Sync {
    /// Why the device does not open this time, if so it is to be.
    fn opening(&self) -> Option<String> {
        None
    }

    /// The text that is compiled in the place of a shader's.
    fn shader(&self, text: String) -> String {
        text
    }

    /// What befalls the next dispatch.
    fn dispatch(&self) -> Option<Fault> {
        None
    }
}

/// What befalls a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The device is lost before it: `destroy`.
    Lost,
    /// A buffer is asked for that no device has room for.
    OutOfMemory,
    /// A copy goes beyond the end of a buffer, so that the commands are invalid.
    Invalid,
    /// The device is waited for no longer than not at all.
    Hang,
    /// It is left out, and nothing is said of it.
    Dropped,
}

impl Opened {
    /// Lets the fault happen that is next; says whether the dispatch is still to be done.
    pub(super) fn befall(&self, encoder: &mut wgpu::CommandEncoder) -> bool {
        let buffer = |bytes| self.storage("fault", bytes);
        match self.faults.as_ref().and_then(|faults| faults.dispatch()) {
            None => {}
            Some(Fault::Lost) => self.device.destroy(),
            Some(Fault::OutOfMemory) => {
                drop(buffer(self.device.limits().max_buffer_size));
                // Software adapters promise any memory, and have it only once it is written to: it is said for them.
                self.note(wgpu::Error::OutOfMemory { source: "no device has so much".into() }.to_string());
            }
            Some(Fault::Invalid) => encoder.copy_buffer_to_buffer(&buffer(16), 0, &buffer(16), 0, 32),
            Some(Fault::Hang) => self.hangs.store(true, Ordering::Relaxed),
            Some(Fault::Dropped) => return false,
        }
        true
    }
}
