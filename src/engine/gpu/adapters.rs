//! Finding a device and opening it.

use std::sync::{Arc, Mutex};

use crate::engine::Device;
use crate::error::{Error, Result, nearest};

/// A GPU, or a software adapter, opened for computing.
pub struct GpuEngine {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) description: Device,
    /// The first thing that went wrong on the device, if anything did.
    pub(super) fault: Arc<Mutex<Option<String>>>,
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
    Device {
        engine: "gpu",
        name: info.name,
        kind: kind.to_owned(),
        backend: format!("{:?}", info.backend),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        f64: false,
    }
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
        let (adapter, description) = (&adapters[place], descriptions[place].clone());
        let failed =
            |e: &dyn std::fmt::Display| Error::NoDevice(format!("{} does not open: {e}", description.name));
        let request = wgpu::DeviceDescriptor {
            label: Some("gdscope"),
            required_limits: adapter.limits(),
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&request)).map_err(|e| failed(&e))?;
        let fault = Arc::new(Mutex::new(None));
        let note = |fault: &Arc<Mutex<Option<String>>>, message: String| {
            if let Ok(mut fault) = fault.lock() {
                fault.get_or_insert(message);
            }
        };
        let seen = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&seen, e.to_string())));
        let seen = Arc::clone(&fault);
        device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                note(&seen, format!("lost: {message}"));
            }
        });
        Ok(Self { device, queue, description, fault })
    }
}

fn named(devices: &[Device], wanted: &str) -> Result<usize> {
    let lower = wanted.to_lowercase();
    let by_index = wanted.parse::<usize>().ok().filter(|&i| i < devices.len());
    let by_name = || devices.iter().position(|d| d.name.to_lowercase().contains(&lower));
    by_index.or_else(by_name).ok_or_else(|| {
        let list: Vec<String> = devices.iter().enumerate().map(|(i, d)| format!("{i}: {}", d.name)).collect();
        let hint = nearest(wanted, devices.iter().map(|d| d.name.as_str()));
        let known = if list.is_empty() { "no GPU was found".to_owned() } else { list.join("; ") };
        Error::request(format!("device: no device is called `{wanted}`{hint}; devices: {known}"))
    })
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
