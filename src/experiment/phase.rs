//! A phase diagram to be made: what is visited, and how often, over one quantity and many starts.

mod keys;

pub use self::keys::{PhaseKeys, Warm};
use super::{
    Axis, Draft, Precision, Settling, Setup, check_distances, check_fit, check_sides, check_spacing,
    check_steps,
};
use crate::bins::Bins;
use crate::error::{Error, Result};
use crate::formula::Graph;

/// Default numbers of columns and bins.
const SIZE: [u32; 2] = [1024, 512];
/// Default number of starts, and steps of each. In f32 chaotic orbits fall onto cycles of some thousand steps:
/// many short orbits show more than a few long ones.
const STARTS: u32 = 128;
const STEPS: u32 = 4000;
/// How far starts are spread about the minimum to either side, of a variable that nothing is said of.
const SPREAD: f64 = 4.0;
/// What is observed if nothing else is asked for.
const OBSERVE: &str = "amplitude";
/// Most bins of a column.
const BINS_MAX: u32 = 1 << 16;
/// Most numbers in a table of counts, and in one of all starts: in f32 every device can bind them.
const TABLE_MAX: u64 = 1 << 25;

/// A phase diagram to be made, complete and by value.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseExperiment {
    /// What is descended, and how.
    pub setup: Setup,
    /// The horizontal axis.
    pub across: Axis,
    /// The ranges of the variables that starts are spread over; the others have the value that is set, or
    /// that of the column.
    pub from: Vec<Axis>,
    /// Starts of each column.
    pub starts: u32,
    /// Columns and bins.
    pub size: [u32; 2],
    /// Steps of each trajectory.
    pub steps: u32,
    /// Of these, the first ones, after which counting begins.
    pub transient: u32,
    /// A formula, see [`crate::landscape::Landscape::build_observable`].
    pub observe: String,
    /// Of the observable; `None`: found from a sample.
    pub range: Option<Axis>,
    /// Whether one orbit for each start is followed from column to column.
    pub warm: Option<Warm>,
    /// The number format of the trajectories.
    pub precision: Precision,
    /// As in a map.
    pub tolerance: Option<f64>,
    /// As in a map.
    pub escape: Option<f64>,
}

impl Draft {
    /// Fills in the defaults of a phase diagram and checks everything. A map's axis `up`, if it is a variable, is
    /// taken for the range of its starts.
    ///
    /// # Errors
    /// As [`PhaseExperiment::check`], and for what is missing.
    pub fn resolve_phase(mut self) -> Result<PhaseExperiment> {
        let keys = self.phase.take().unwrap_or_default();
        let axis = |flag: &str, text: &str| {
            text.parse::<Axis>().map_err(|message| Error::request(format!("{flag}: {message}")))
        };
        let across = self.across.as_deref().ok_or_else(|| {
            Error::request("no axis `across`: give --across NAME=FROM..TO, such as --across eta=0.5..10")
        })?;
        let across = axis("across", across)?;
        let setup = self.setup()?;
        let mut from = Vec::new();
        for (name, range) in &keys.from {
            from.push(axis("from", &format!("{name} = {range}"))?);
        }
        if let Some(up) = self.up.as_deref().map(|up| axis("up", up)).transpose()? {
            if !setup.landscape.body.variables.contains(&up.name) {
                return Err(Error::request(format!(
                    "up: a phase diagram has one quantity across, and `{}` is another; drop it, or give --set {}=VALUE",
                    up.name, up.name
                )));
            }
            if !from.iter().any(|axis| axis.name == up.name) && across.name != up.name {
                from.push(up);
            }
        }
        from.extend(usual_ranges(&setup, &across, &from));
        let steps = self.steps.unwrap_or(STEPS);
        let size = self.size.unwrap_or(SIZE);
        let settled = setup.settling(&[("across", &across, size[0])]).settled(steps);
        let experiment = PhaseExperiment {
            // Without noise, orbits from one start are one.
            starts: keys.starts.unwrap_or(match from.is_empty() && setup.landscape.body.noise.is_empty() {
                true => 1,
                false => STARTS,
            }),
            from,
            size,
            steps,
            transient: keys.transient.unwrap_or(settled + (steps - settled) / 2),
            observe: keys.observe.unwrap_or_else(|| OBSERVE.to_owned()),
            range: keys.range.map(|range| axis("range", &format!("value = {range}"))).transpose()?,
            warm: keys.warm,
            precision: self.precision.unwrap_or_default(),
            tolerance: self.tolerance,
            escape: self.escape,
            setup,
            across,
        };
        experiment.check()?;
        Ok(experiment)
    }
}

/// Ranges for the variables that nothing is said of: about the minimum.
fn usual_ranges(setup: &Setup, across: &Axis, from: &[Axis]) -> Vec<Axis> {
    let body = &setup.landscape.body;
    let centre = |k: usize| body.minimum.as_ref().map_or(0.0, |minimum| minimum[k]);
    let is_said = |name: &String| {
        across.name == *name || setup.value(name).is_some() || from.iter().any(|axis| axis.name == *name)
    };
    (body.variables.iter().enumerate().filter(|(_, name)| !is_said(name)))
        .map(|(k, name)| Axis {
            name: name.clone(),
            from: centre(k) - SPREAD,
            to: centre(k) + SPREAD,
            log: false,
        })
        .collect()
}

impl std::str::FromStr for PhaseExperiment {
    type Err = Error;

    /// Reads the text of an experiment file; paths in it are from here.
    fn from_str(text: &str) -> Result<Self> {
        Draft::parse(text).map_err(Error::Request)?.resolve_phase()
    }
}

impl PhaseExperiment {
    /// The experiment as a file that repeats it anywhere.
    pub fn to_toml(&self) -> String {
        let range = |axis: &Axis| match axis.to_string().split_once('=') {
            Some((_, range)) => range.trim().to_owned(),
            None => String::new(),
        };
        let draft = Draft {
            across: Some(self.across.to_string()),
            size: Some(self.size),
            steps: Some(self.steps),
            precision: Some(self.precision),
            tolerance: self.tolerance,
            escape: self.escape,
            phase: Some(PhaseKeys {
                observe: Some(self.observe.clone()),
                range: self.range.as_ref().map(range),
                starts: Some(self.starts),
                transient: Some(self.transient),
                warm: self.warm,
                from: self.from.iter().map(|axis| (axis.name.clone(), range(axis))).collect(),
            }),
            ..self.setup.draft()
        };
        toml::to_string(&draft).expect("an experiment holds nothing that TOML cannot")
    }

    /// The bins, if the range is known.
    pub fn bins(&self) -> Option<Bins> {
        Some(Bins { range: self.range.clone()?, count: self.size[1] })
    }

    /// When the learning rate stops changing.
    pub fn settling(&self) -> Settling {
        self.setup.settling(&[("across", &self.across, self.size[0])])
    }

    /// Steps before the learning rate stops changing, see [`Settling::settled`].
    pub fn settled(&self) -> u32 {
        self.settling().settled(self.steps)
    }

    /// The largest initial coordinate, without its sign; 1 if all are 0.
    pub fn scale(&self) -> f64 {
        self.setup.scale(&self.from.iter().chain([&self.across]).collect::<Vec<_>>())
    }

    /// The values that the starts' variables have, each of shape `[starts]`: those of the Kronecker sequence
    /// whose steps are the powers of the generalised golden ratio (Roberts, *The unreasonable effectiveness
    /// of quasirandom sequences*, 2018). They fill the ranges evenly, and avoid their middles and ends.
    pub fn spread(&self) -> Vec<(&str, Vec<f64>)> {
        let count = self.from.len() as f64;
        // The positive root of x^(count + 1) = x + 1.
        let ratio = (0..100).fold(1.5_f64, |x, _| (x + 1.0).powf(1.0 / (count + 1.0)));
        let values = |k: usize, axis: &Axis| {
            let step = ratio.powi(-(k as i32 + 1));
            let shares = (1..=self.starts).map(move |i| (0.5 + f64::from(i) * step).fract());
            shares.map(|share| axis.at(share)).collect()
        };
        self.from.iter().enumerate().map(|(k, axis)| (axis.name.as_str(), values(k, axis))).collect()
    }

    /// Whether everything is bound once, and every number can be used.
    ///
    /// # Errors
    /// [`Error::Request`] or [`Error::Formula`], naming the flag or key and the remedy.
    pub fn check(&self) -> Result<()> {
        let axes: Vec<(&str, &Axis)> = [("across", &self.across)]
            .into_iter()
            .chain(self.from.iter().map(|axis| ("from", axis)))
            .collect();
        self.setup.check(&axes)?;
        let variables = &self.setup.landscape.body.variables;
        for axis in &self.from {
            if !variables.contains(&axis.name) {
                return Err(Error::request(format!(
                    "from: starts are spread over variables ({}), and `{1}` is none; give --across {1}=FROM..TO or \
                     --set {1}=VALUE",
                    variables.join(", "),
                    axis.name
                )));
            }
            if axis.name == self.across.name {
                return Err(Error::request(format!(
                    "from: `{}` is on the axis across; drop one of the two",
                    axis.name
                )));
            }
        }
        self.check_numbers(&axes)?;
        self.check_observable()
    }

    fn check_numbers(&self, axes: &[(&str, &Axis)]) -> Result<()> {
        check_steps(self.steps)?;
        if self.transient >= self.steps {
            return Err(Error::request(format!(
                "transient: {} of {} steps leave none to count; give fewer, or more --steps",
                self.transient, self.steps
            )));
        }
        self.check_sizes()?;
        self.setup.check_eta(self.steps, &[("across", &self.across, self.size[0])])?;
        if self.warm.is_some() && self.settled() > 0 {
            return Err(Error::request(
                "warm: an orbit that is followed from column to column needs a learning rate that does not change \
                 with the step t; drop --warm or the schedule",
            ));
        }
        check_distances(&[("tolerance", self.tolerance), ("escape", self.escape)])?;
        let range = self.range.iter().map(|axis| ("range", axis));
        let ends =
            axes.iter().copied().chain(range).flat_map(|(flag, axis)| [(flag, axis.from), (flag, axis.to)]);
        let set = self.setup.set.values().map(|value| ("set", *value));
        let distances = [("tolerance", self.tolerance), ("escape", self.escape)];
        let distances = distances.into_iter().filter_map(|(name, value)| Some((name, value?)));
        // Zero is an end of a range, whatever the format.
        check_fit(ends.chain(set).chain(distances), self.precision)?;
        check_spacing("across", &self.across, self.size[0], self.precision)?;
        self.range
            .iter()
            .try_for_each(|range| check_spacing("range", range, self.size[1] + 1, self.precision))
    }

    fn check_sizes(&self) -> Result<()> {
        let [columns, bins] = self.size;
        if columns == 0 || bins == 0 || bins > BINS_MAX {
            return Err(Error::request(format!(
                "size: {columns}x{bins} are columns and bins; give at least 1x1, and at most {BINS_MAX} bins"
            )));
        }
        if u64::from(columns) * u64::from(bins) > TABLE_MAX {
            return Err(Error::request(format!(
                "size: {columns}x{bins} is more than {TABLE_MAX} counts, the most of one diagram; make it smaller"
            )));
        }
        check_sides(self.size)?;
        let starts = u64::from(self.starts);
        // Of each cell, every coordinate of the state.
        let dims = 2 * self.setup.landscape.body.variables.len() as u64;
        if starts == 0 || starts.saturating_mul(u64::from(columns) * dims) > TABLE_MAX {
            return Err(Error::request(format!(
                "starts: {starts} in each of {columns} columns; give between 1 and {}",
                (TABLE_MAX / (dims * u64::from(columns))).max(1)
            )));
        }
        let counted = u64::from(self.steps - self.transient);
        if starts * counted > u64::from(u32::MAX) {
            return Err(Error::request(format!(
                "starts: {starts} orbits of {counted} counted steps are more visits than a count holds; give \
                 fewer --starts or --steps, {} visits at most in each column",
                u32::MAX
            )));
        }
        Ok(())
    }

    fn check_observable(&self) -> Result<()> {
        let body = &self.setup.landscape.body;
        let mut graph = Graph::default();
        let loss = body.build(&mut graph)?;
        let variables: Vec<_> = body.variables.iter().map(|name| graph.input(name)).collect();
        let gradient = graph.gradient(loss, &variables);
        let eta = graph.input("eta");
        body.build_observable(&mut graph, &self.observe, (eta, loss, &gradient)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(toml: &str) -> std::result::Result<PhaseExperiment, String> {
        Draft::parse(toml)?.resolve_phase().map_err(|e| e.to_string())
    }

    #[test]
    fn it_reads_what_it_writes() {
        for text in [
            "landscape = \"f1\"\nacross = \"eta = 0.5 .. 10\"",
            "landscape = \"f3\"\nacross = \"C = 0.3 .. 4 : log\"\neta = 1\nset = { x1 = 2 }\n[phase]\nobserve = \"loss\"\n\
             range = \"1e-6 .. 4 : log\"\nwarm = \"down\"\nfrom = { x2 = \"0.5 .. 3\" }\nstarts = 9\ntransient = 7",
        ] {
            let experiment = resolved(text).unwrap();
            assert_eq!(resolved(&experiment.to_toml()).unwrap(), experiment);
        }
    }

    #[test]
    fn starts_fill_their_ranges_evenly() {
        let experiment = resolved(
            "landscape = \"f3\"\nacross = \"eta = 0.1 .. 1\"\n[phase]\nstarts = 4000\n\
             from = { x1 = \"-4 .. 4\", x2 = \"0.01 .. 100 : log\" }",
        )
        .unwrap();
        let spread = experiment.spread();
        let cell = |i: usize| {
            let (x, y) = (spread[0].1[i], spread[1].1[i]);
            (((x + 4.0) / 0.8) as usize, ((y.log10() + 2.0) / 0.4) as usize)
        };
        let mut counts = [[0; 10]; 10];
        (0..4000).map(cell).for_each(|(i, j)| counts[i][j] += 1);
        // The sequence's discrepancy is of order log^2 n / n.
        assert!(counts.as_flattened().iter().all(|n| (32..=48).contains(n)), "{counts:?}");
    }

    #[test]
    fn what_cannot_be_says_what_to_do() {
        let base = "landscape = \"f1\"\nacross = \"eta = 0.5 .. 10\"\nsteps = 100\n";
        for (more, remedy) in [
            ("[phase]\ntransient = 100", "more --steps"),
            ("[phase]\nstarts = 0", "between 1 and 16384"),
            ("[phase]\nstarts = 100000", "between 1 and 16384"),
            ("size = [0, 9]", "at least 1x1"),
            ("size = [9, 100000]", "at most 65536 bins"),
            ("size = [60000, 60000]", "make it smaller"),
            ("[phase]\nfrom = { C = \"0 .. 1\" }", "nothing is called `C`"),
            ("[phase]\nfrom = { x = \"1\" }", "has no range"),
            ("set = { x = 1 }\n[phase]\nfrom = { x = \"0 .. 1\" }", "bound twice"),
            ("[phase]\nobserve = \"y\"", "observe: unknown name `y`"),
            ("[phase]\nrange = \"-1 .. 1 : log\"", "range: a logarithmic axis"),
            ("[phase]\nrange = \"1 .. 1.0000001\"", "range: the number format"),
            ("[phase]\nwam = \"up\"", "unknown field `wam`"),
            ("up = \"t = 1 .. 2\"", "up: a phase diagram has one quantity"),
        ] {
            let message = resolved(&format!("{base}{more}")).unwrap_err();
            assert!(message.contains(remedy), "{more}: {message}");
        }
        let scheduled =
            "landscape = \"f2\"\nacross = \"C = 1 .. 2\"\neta = \"1@0,2@50\"\n[phase]\nwarm = \"up\"";
        assert!(resolved(scheduled).unwrap_err().contains("drop --warm or the schedule"));
        let many = "landscape = \"f1\"\nacross = \"eta = 1 .. 2\"\nsteps = 16000000\nsize = [4, 4]\n[phase]\nstarts = 1000";
        assert!(resolved(many).unwrap_err().contains("more visits than a count holds"));
        let map = Draft::parse("landscape = \"f1\"\nacross = \"eta = 1 .. 2\"\n[phase]\n").unwrap().resolve();
        assert!(map.unwrap_err().to_string().contains("gdscope phase"));
    }
}
