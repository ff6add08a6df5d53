//! Finding a device, opening it, and opening it again where it has failed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::faults::Faults;
use super::opened::{F64, Opened};
use super::run::{ROUNDS, SLICE_TARGET};
use super::slice::{Pace, TILE_LANES};
use crate::engine::Device;
use crate::error::{Error, Result, nearest};
use crate::experiment::Precision;

/// How often in a row what a device has failed at is tried again, if nothing gets done between.
pub const REPEATS: u32 = 4;

/// A GPU, or a software adapter, opened for computing.
pub struct GpuEngine {
    pub(super) description: Device,
    /// Among all adapters.
    place: usize,
    pub(super) limits: wgpu::Limits,
    pub(super) settings: Settings,
    /// None where the last one has failed.
    opened: Mutex<Option<Arc<Opened>>>,
    /// How often the device has failed.
    pub(super) failures: AtomicU64,
    faults: Option<Arc<dyn Faults>>,
    tell: Arc<dyn Fn(&str) + Send + Sync>,
}

/// How the work is cut. None of it changes a bit of the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Rounds of loops that one invocation of a kernel may take.
    pub rounds: u64,
    /// Most lanes of a tile.
    pub tile_lanes: u64,
    /// How long a submission should take.
    pub slice_target: Duration,
    /// After how long a tile's state is kept, to go on from it if the device fails.
    pub keep_every: Duration,
    /// How long a device that has failed is left alone; twice as long each time.
    pub pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rounds: ROUNDS,
            tile_lanes: TILE_LANES,
            slice_target: SLICE_TARGET,
            keep_every: Duration::from_secs(5),
            pause: Duration::from_millis(100),
        }
    }
}

fn adapters() -> Vec<wgpu::Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY))
}

fn describe(adapter: &wgpu::Adapter) -> Device {
    let info = adapter.get_info();
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => "discrete",
        wgpu::DeviceType::IntegratedGpu => "integrated",
        wgpu::DeviceType::VirtualGpu => "virtual",
        wgpu::DeviceType::Cpu => "software",
        wgpu::DeviceType::Other => "other",
    };
    let driver = driver(&info);
    Device {
        engine: "gpu",
        name: info.name,
        kind: kind.to_owned(),
        backend: format!("{:?}", info.backend),
        driver,
        f64: adapter.features().contains(F64),
    }
}

/// The driver and its version. Those of Apple's systems are a part of them, and have their version.
fn driver(info: &wgpu::AdapterInfo) -> String {
    const SYSTEM: &str = "/System/Library/CoreServices/SystemVersion.plist";
    match format!("{} {}", info.driver, info.driver_info).trim() {
        "" => std::fs::read_to_string(SYSTEM).ok().and_then(|text| system_version(&text)).unwrap_or_default(),
        driver => driver.to_owned(),
    }
}

/// The name and version in a list of properties.
fn system_version(properties: &str) -> Option<String> {
    let of = |key: &str| {
        let (_, after) = properties.split_once(&format!("<key>{key}</key>"))?;
        Some(after.split_once("<string>")?.1.split_once("</string>")?.0)
    };
    Some(format!("{} {}", of("ProductName")?, of("ProductVersion")?))
}

/// All adapters, in the order of their indices for [`GpuEngine::open`].
pub fn devices() -> Vec<Device> {
    adapters().iter().map(describe).collect()
}

/// Whether an adapter is a processor in disguise.
fn is_software(device: &Device) -> bool {
    device.kind == "software"
}

impl GpuEngine {
    /// Opens the device that `wanted` names, by its index or a part of its name; without a name, the
    /// best hardware GPU, and never a software adapter.
    ///
    /// # Errors
    /// [`Error::Request`] if no adapter has that name or index, [`Error::NoDevice`] if there is no
    /// hardware GPU or the adapter does not open.
    pub fn open(wanted: Option<&str>) -> Result<Self> {
        let adapters = adapters();
        let descriptions: Vec<Device> = adapters.iter().map(describe).collect();
        let place = match wanted {
            Some(wanted) => named(&descriptions, wanted)?,
            None => best(&descriptions)?,
        };
        Self::open_adapter(place, &adapters[place], descriptions[place].clone())
    }

    /// Opens every hardware GPU; where there is none, every software adapter. Of each that does not open the reason.
    ///
    /// # Errors
    /// [`Error::NoDevice`] if there is no adapter.
    pub fn open_all() -> Result<Vec<Result<Self>>> {
        let adapters = adapters();
        let descriptions: Vec<Device> = adapters.iter().map(describe).collect();
        let places = every(&descriptions);
        if places.is_empty() {
            return Err(Error::NoDevice("no GPU was found; use --engine cpu".to_owned()));
        }
        let open = |k: usize| Self::open_adapter(k, &adapters[k], descriptions[k].clone());
        Ok(places.into_iter().map(open).collect())
    }

    fn open_adapter(place: usize, adapter: &wgpu::Adapter, description: Device) -> Result<Self> {
        let opened = Opened::new(adapter, &description, None)?;
        Ok(Self {
            description,
            place,
            limits: opened.device.limits(),
            settings: Settings::default(),
            opened: Mutex::new(Some(Arc::new(opened))),
            failures: AtomicU64::new(0),
            faults: None,
            tell: Arc::new(|_| {}),
        })
    }

    /// This engine, which tells of what has failed and is tried again.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), ..self }
    }

    /// This engine with a device on which things go wrong: for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Self {
        let engine = Self { faults: Some(faults), ..self };
        engine.close();
        engine
    }

    /// The device, opened again if it has failed.
    ///
    /// # Errors
    /// [`Error::NoDevice`] if it does not open.
    pub(super) fn opened(&self) -> Result<Arc<Opened>> {
        let mut kept = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = &*kept {
            return Ok(Arc::clone(opened));
        }
        // A driver that was reset has new adapters; of several that are alike, the one in the same place.
        let adapters = adapters();
        let is_own = |k: &usize| adapters.get(*k).is_some_and(|own| describe(own) == self.description);
        let Some(place) = Some(self.place).filter(is_own).or_else(|| (0..adapters.len()).find(is_own)) else {
            return Err(Error::NoDevice(format!("{} is no longer there", self.description.name)));
        };
        let opened = Arc::new(Opened::new(&adapters[place], &self.description, self.faults.clone())?);
        *kept = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Closes the device, to be opened again when it is needed.
    fn close(&self) {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(opened) = opened {
            opened.close();
        }
    }

    /// Does `work` on the device. Where it fails, it is done again on the device opened anew, in slices of half the
    /// size; after [`REPEATS`] failures between which `done` has not grown, that is an error.
    ///
    /// # Errors
    /// [`Error::Device`], and those of `work` that are not the device's.
    pub(super) fn repeatedly<T>(
        &self,
        pace: &Pace,
        done: impl Fn() -> u64,
        mut work: impl FnMut(&Opened) -> Result<T>,
    ) -> Result<T> {
        let (mut in_a_row, mut before) = (0, done());
        loop {
            let failure = match self.opened().and_then(|opened| work(&opened)) {
                Err(Error::Device(message) | Error::NoDevice(message)) => message,
                other => return other,
            };
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.close();
            let now = done();
            in_a_row = if now > before { 1 } else { in_a_row + 1 };
            before = now;
            let name = &self.description.name;
            if in_a_row > REPEATS {
                let message = format!("{name}, {in_a_row} times in a row, at last: {failure}");
                return Err(Error::Device(message));
            }
            (self.tell)(&format!(
                "{name} has failed: {failure}; it is opened again, and what was not done is repeated in smaller \
                 slices ({in_a_row} of {REPEATS} times)"
            ));
            std::thread::sleep(self.settings.pause * (1 << (in_a_row - 1)));
            pace.halve();
        }
    }

    /// Whether the device computes in `precision`.
    ///
    /// # Errors
    /// [`Error::Request`] if it does not.
    pub fn check(&self, precision: Precision) -> Result<()> {
        match precision {
            Precision::F64 if !self.description.f64 => Err(Error::request(format!(
                "precision: {} has no f64; give --engine cpu, or --precision f32",
                self.description.name
            ))),
            _ => Ok(()),
        }
    }
}

fn named(devices: &[Device], wanted: &str) -> Result<usize> {
    if let Some(index) = wanted.parse::<usize>().ok().filter(|&i| i < devices.len()) {
        return Ok(index);
    }
    let lower = wanted.to_lowercase();
    let mut fitting =
        devices.iter().enumerate().filter(|(_, device)| device.name.to_lowercase().contains(&lower));
    let list: Vec<String> = devices.iter().enumerate().map(|(i, d)| format!("{i}: {}", d.name)).collect();
    let list = if list.is_empty() { "no GPU was found".to_owned() } else { list.join("; ") };
    match fitting.next() {
        None => {
            let hint = nearest(wanted, devices.iter().map(|d| d.name.as_str()));
            Err(Error::request(format!("device: no device is called `{wanted}`{hint}; devices: {list}")))
        }
        // One device may be there more than once, by its backends: the first is the system's own.
        Some((index, first)) if fitting.all(|(_, other)| other.name == first.name) => Ok(index),
        Some(_) => Err(Error::request(format!(
            "device: `{wanted}` fits more than one device; give its number or more of its name; devices: {list}"
        ))),
    }
}

/// All devices of hardware, and without any all of software, through the backend that has most of them: others
/// have the same devices again.
fn every(devices: &[Device]) -> Vec<usize> {
    let only_software = devices.iter().all(is_software);
    let through = |backend: &str| -> Vec<usize> {
        let fits = |d: &Device| is_software(d) == only_software && d.backend == backend;
        (0..devices.len()).filter(|&k| fits(&devices[k])).collect()
    };
    let most = devices.iter().rev().map(|device| through(&device.backend)).max_by_key(Vec::len);
    most.unwrap_or_default()
}

fn best(devices: &[Device]) -> Result<usize> {
    let rank = |device: &Device| {
        ["discrete", "integrated", "virtual", "other"].iter().position(|k| *k == device.kind)
    };
    let hardware = devices.iter().enumerate().filter(|(_, d)| !is_software(d));
    hardware.min_by_key(|(_, d)| rank(d)).map(|(place, _)| place).ok_or_else(|| {
        let software = devices
            .iter()
            .find(|d| is_software(d))
            .map_or(String::new(), |d| format!(", or the software adapter with --device {:?}", d.name));
        Error::NoDevice(format!("no GPU was found; use --engine cpu{software}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str, kind: &str) -> Device {
        let text = str::to_owned;
        Device {
            engine: "gpu",
            name: text(name),
            kind: text(kind),
            backend: text("Vulkan"),
            driver: String::new(),
            f64: false,
        }
    }

    #[test]
    fn the_version_of_a_system_is_in_its_properties() {
        let properties = "<plist version=\"1.0\"><dict>\n\t<key>ProductName</key>\n\t<string>macOS</string>\n\t\
            <key>ProductVersion</key>\n\t<string>15.6.1</string>\n</dict></plist>";
        assert_eq!(system_version(properties).as_deref(), Some("macOS 15.6.1"));
        assert_eq!(system_version(""), None);
    }

    #[test]
    fn a_device_is_found_by_number_or_by_an_unambiguous_part_of_its_name() {
        let devices = [
            device("llvmpipe", "software"),
            device("Intel Arc A770", "discrete"),
            device("Intel Iris Xe", "integrated"),
            device("Intel Iris Xe", "integrated"),
        ];
        assert_eq!(named(&devices, "1").unwrap(), 1);
        assert_eq!(named(&devices, "770").unwrap(), 1);
        assert_eq!(named(&devices, "iris").unwrap(), 2);
        assert!(named(&devices, "intel").unwrap_err().to_string().contains("fits more than one"));
        assert!(named(&devices, "4").unwrap_err().to_string().contains("no device is called `4`"));
        assert!(named(&[], "any").unwrap_err().to_string().contains("no GPU was found"));
    }

    #[test]
    fn all_are_those_of_one_backend_and_software_only_alone() {
        let [software, integrated, discrete] =
            [device("a", "software"), device("b", "integrated"), device("c", "discrete")];
        let again = Device { backend: "Dx12".to_owned(), ..discrete.clone() };
        let all = [software.clone(), integrated, again, discrete.clone(), discrete];
        assert_eq!(every(&all[..2]), [1]);
        assert_eq!(every(&[all[0].clone(), all[1].clone(), all[3].clone(), all[4].clone()]), [1, 2, 3]);
        // Through Dx12 there is but one.
        assert_eq!(every(&all), [1, 3, 4]);
        assert_eq!(every(&[software.clone(), software]), [0, 1]);
        assert!(every(&[]).is_empty());
    }

    #[test]
    fn hardware_is_preferred_and_software_never_chosen() {
        let [software, integrated, discrete] =
            [device("a", "software"), device("b", "integrated"), device("c", "discrete")];
        assert_eq!(best(&[software.clone(), integrated, discrete]).unwrap(), 2);
        let refused = best(&[software]).unwrap_err();
        assert!(refused.to_string().contains("--engine cpu") && !refused.is_request());
    }
}
