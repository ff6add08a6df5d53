//! A device that is open: its queue, the kernels compiled for it, and the first thing that went wrong on it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::faults::Faults;
use super::shader::WORKGROUP;
use crate::engine::Device;
use crate::error::{Error, Result};

/// How long a submission may take before the device is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a device that has failed may take to close before another is opened beside it.
const CLOSING: Duration = Duration::from_secs(2);
/// Pipelines that are kept: an experiment needs few.
const PIPELINES: usize = 8;

/// What a shader in f64 needs: the numbers, and integers as wide to see their bits.
pub(super) const F64: wgpu::Features = wgpu::Features::SHADER_F64.union(wgpu::Features::SHADER_INT64);

/// A connection to a device. Once anything has failed on it, everything does.
pub struct Opened {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) name: String,
    /// The kernels compiled last, by their texts.
    pipelines: Mutex<Vec<(String, wgpu::ComputePipeline)>>,
    /// The first thing that went wrong.
    fault: Arc<Mutex<Option<String>>>,
    /// Read by those who poll.
    polling: RwLock<()>,
    pub(super) faults: Option<Arc<dyn Faults>>,
    /// Whether the next submission counts as one that does not end.
    pub(super) hangs: AtomicBool,
}

fn note(fault: &Mutex<Option<String>>, message: String) {
    fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}

impl Opened {
    /// Opens an adapter.
    ///
    /// # Errors
    /// [`Error::NoDevice`].
    pub fn new(
        adapter: &wgpu::Adapter,
        description: &Device,
        faults: Option<Arc<dyn Faults>>,
    ) -> Result<Self> {
        let failed =
            |e: &dyn std::fmt::Display| Error::NoDevice(format!("{} does not open: {e}", description.name));
        if let Some(reason) = faults.as_ref().and_then(|faults| faults.opening()) {
            return Err(failed(&reason));
        }
        let request = wgpu::DeviceDescriptor {
            label: Some("gdscope"),
            required_features: if description.f64 { F64 } else { wgpu::Features::empty() },
            required_limits: adapter.limits(),
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&request)).map_err(|e| failed(&e))?;
        let fault = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&seen, e.to_string())));
        let seen = Arc::clone(&fault);
        // What else went wrong followed from it.
        device.set_device_lost_callback(move |_, message| {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("lost: {message}"));
        });
        Ok(Self {
            device,
            queue,
            name: description.name.clone(),
            pipelines: Mutex::default(),
            fault,
            polling: RwLock::default(),
            faults,
            hangs: AtomicBool::new(false),
        })
    }

    /// Closes a device on which something has failed. Drivers may wait for it without end, or panic: so this is
    /// done aside, and not waited for long.
    pub fn close(self: Arc<Self>) {
        let (sender, receiver) = sync_channel::<()>(1);
        std::thread::spawn(move || {
            drop(self);
            drop(sender);
        });
        // Either way there is nothing to be done.
        let _ = receiver.recv_timeout(CLOSING);
    }

    /// Notes what has gone wrong, if it is the first.
    pub(super) fn note(&self, message: String) {
        note(&self.fault, message);
    }

    /// What went wrong on the device, if anything did.
    pub(super) fn check_faults(&self) -> Result<()> {
        let fault = || self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if fault().is_none() {
            return Ok(());
        }
        // Only now does wgpu say that a device was lost before; or it is about to, where another thread polls.
        drop(self.polling.write().unwrap_or_else(PoisonError::into_inner));
        let _ = self.poll(wgpu::PollType::Poll);
        fault().map_or(Ok(()), |message| Err(Error::Device(message)))
    }

    /// Polls the device; none if wgpu panics, as it does where a device is lost while it is waited for.
    fn poll(&self, how: wgpu::PollType) -> Option<std::result::Result<wgpu::PollStatus, wgpu::PollError>> {
        let _polling = self.polling.read().unwrap_or_else(PoisonError::into_inner);
        catch_unwind(AssertUnwindSafe(|| self.device.poll(how))).ok()
    }

    /// The compiled kernel `entry` of a shader, with a layout of its own if none is given.
    pub(super) fn kernel(
        &self,
        entry: &str,
        layout: Option<&wgpu::PipelineLayout>,
        text: String,
    ) -> wgpu::ComputePipeline {
        let text = match &self.faults {
            Some(faults) => faults.shader(text),
            None => text,
        };
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(entry),
            source: wgpu::ShaderSource::Wgsl(text.into()),
        });
        self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            layout,
            module: &module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        })
    }

    /// The compiled kernel `descend` of a shader, compiled now unless it was lately.
    pub(super) fn pipeline(&self, text: String) -> Result<wgpu::ComputePipeline> {
        let mut kept = self.pipelines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, pipeline)) = kept.iter().find(|(of, _)| *of == text) {
            return Ok(pipeline.clone());
        }
        let started = Instant::now();
        let pipeline = self.kernel("descend", None, text.clone());
        self.check_faults()?;
        tracing::info!("shader compiled in {:.0} ms", 1e3 * started.elapsed().as_secs_f64());
        kept.truncate(PIPELINES - 1);
        kept.insert(0, (text, pipeline.clone()));
        Ok(pipeline)
    }

    pub(super) fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Adds a kernel for `count` lanes to the commands.
    pub(super) fn dispatch(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        pipeline: &wgpu::ComputePipeline,
        bindings: &wgpu::BindGroup,
        count: u32,
    ) {
        if !self.befall(encoder) {
            return;
        }
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, bindings, &[]);
        pass.dispatch_workgroups(count.div_ceil(WORKGROUP), 1, 1);
    }

    /// Submits the commands and waits for their end.
    pub(super) fn finish(&self, encoder: wgpu::CommandEncoder) -> Result<()> {
        self.wait(self.queue.submit([encoder.finish()]))
    }

    fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let hangs = self.hangs.load(Ordering::Relaxed);
        let timeout = if hangs { Duration::ZERO } else { PATIENCE };
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(timeout) };
        let polled = self.poll(wait);
        self.check_faults()?;
        let why = match polled {
            Some(Ok(_)) if !hangs => return Ok(()),
            Some(Ok(_)) => "did not answer: late".to_owned(),
            // A device that is lost takes no submission, and so waits for none.
            Some(Err(wgpu::PollError::WrongSubmissionIndex(..))) | None => "is lost".to_owned(),
            Some(Err(e)) => format!("did not answer: {e}"),
        };
        let _ = self.poll(wgpu::PollType::Poll);
        self.check_faults()?;
        Err(Error::Device(format!("{} {why}", self.name)))
    }

    /// Copies `buffer` to the mappable buffer `through` and reads its bytes.
    pub(super) fn read(&self, buffer: &wgpu::Buffer, through: &wgpu::Buffer, size: u64) -> Result<Vec<u8>> {
        self.read_as(buffer, through, size, <[u8]>::to_vec)
    }

    /// The same, made into something else before it is given back to the device.
    pub(super) fn read_as<T>(
        &self,
        buffer: &wgpu::Buffer,
        through: &wgpu::Buffer,
        size: u64,
        make: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        let mut encoder = self.encoder();
        encoder.copy_buffer_to_buffer(buffer, 0, through, 0, size);
        self.finish_reading(encoder, through, size, make)
    }

    /// As [`Opened::finish`], and reads what the commands have left in the mappable buffer `through`.
    pub(super) fn finish_reading<T>(
        &self,
        encoder: wgpu::CommandEncoder,
        through: &wgpu::Buffer,
        size: u64,
        make: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        let submission = self.queue.submit([encoder.finish()]);
        let (sender, receiver) = channel();
        through.map_async(wgpu::MapMode::Read, 0..size, move |result| {
            // The receiver is gone only if this function has already failed.
            let _ = sender.send(result);
        });
        self.wait(submission)?;
        let mapped =
            receiver.recv_timeout(PATIENCE).map_err(|e| Error::Device(format!("no data came back: {e}")))?;
        mapped.map_err(|e| Error::Device(e.to_string()))?;
        let made = {
            let view = through.get_mapped_range(0..size).map_err(|e| Error::Device(e.to_string()))?;
            make(&view)
        };
        through.unmap();
        Ok(made)
    }
}
