//! Values of one expression, as a device computes it.

use super::format::Format;
use super::opened::Opened;
use super::shader;
use crate::error::Result;
use crate::experiment::Precision;

/// Workgroups of a dispatch, whose invocations go through all elements.
const GROUPS: u32 = 1024;

/// What is computed: `expression` of `a` and `b`, the elements number `i` of `first` and `second`, all of the WGSL
/// type `kind`. It may use the elementary functions of a precision, the generator of random numbers, and what is
/// defined in `more`.
pub(super) struct Computed<'a> {
    pub precision: Precision,
    pub kind: &'a str,
    pub more: &'a str,
    pub expression: &'a str,
}

impl Computed<'_> {
    /// The whole WGSL text.
    pub fn text(&self) -> String {
        let Self { kind, more, expression, .. } = self;
        let math = shader::math(Format(self.precision));
        format!(
            "{math}{noise}{more}
@group(0) @binding(0) var<storage, read> first: array<{kind}>;
@group(0) @binding(1) var<storage, read> second: array<{kind}>;
@group(0) @binding(2) var<storage, read_write> values: array<{kind}>;
@compute @workgroup_size(64)
fn compute(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {{
    for (var i = id.x; i < arrayLength(&values); i += 64u * groups.x) {{
        let a = first[i];
        let b = second[i];
        values[i] = {expression};
    }}
}}",
            noise = shader::noise()
        )
    }

    /// The values for all pairs of `a` and `b`; there is one at least.
    ///
    /// # Errors
    /// [`crate::Error::Device`].
    pub fn of<T: bytemuck::Pod>(&self, opened: &Opened, a: &[T], b: &[T]) -> Result<Vec<T>> {
        let pipeline = opened.kernel("compute", None, self.text());
        opened.check_faults()?;
        let size = size_of_val(a) as u64;
        let [first, second] = [a, b].map(|values| opened.filled("values", bytemuck::cast_slice(values)));
        let values = opened.storage("results", size);
        let group = opened.bind(&pipeline.get_bind_group_layout(0), (0..).zip([&first, &second, &values]));
        let mut encoder = opened.encoder();
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(GROUPS.min((a.len() as u32).div_ceil(64)), 1, 1);
        }
        opened.finish(encoder)?;
        let bytes = opened.read(&values, &opened.mappable("read", size), size)?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }
}
