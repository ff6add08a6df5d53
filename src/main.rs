use gdscope::{
    engine::{Cells, Engine, cpu::CpuEngine},
    experiment::Draft,
    plan::Plan,
};
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let e = Draft::parse(&text).unwrap().resolve().unwrap_or_else(|e| {
        eprintln!("{e}");
        std::process::exit(2)
    });
    let mut plan = Plan::new(&e).unwrap();
    if let Some(k) = std::env::args().nth(2) {
        use gdscope::fate::Window;
        plan.windows = (0..8)
            .map(|i| match k.as_str() {
                "a" => Window { start: i * 512, advance: 512, half: 0, sample: 0 },
                "s" => Window { start: i * 512, advance: 0, half: 0, sample: 512 },
                _ => Window { start: i * 512, advance: 0, half: 256, sample: 0 },
            })
            .collect();
        plan.rules.tolerance = 0.0;
        plan.rules.escape = 1e30;
        let t = std::time::Instant::now();
        let o = CpuEngine::default().run(&plan, &Cells::All, &|_| {}).unwrap();
        println!("{k} {:.3e}", (o.fate.len() * 512 * 8) as f64 / t.elapsed().as_secs_f64());
        return;
    }
    let t = std::time::Instant::now();
    let o = if std::env::var("GPU").is_ok() {
        println!("{:?}", gdscope::engine::gpu::devices());
        gdscope::engine::gpu::GpuEngine::open(Some("llvmpipe"))
            .unwrap()
            .run(&plan, &Cells::All, &|_| {})
            .unwrap()
    } else {
        CpuEngine::default().run(&plan, &Cells::All, &|_| {}).unwrap()
    };
    let s = t.elapsed().as_secs_f64();
    let mut c = [0usize; 7];
    for f in &o.fate {
        c[(*f).min(6) as usize] += 1;
    }
    println!(
        "{s:.3}s steps {:.3e} rate {:.3e} fates {c:?}",
        o.steps_taken() as f64,
        o.steps_taken() as f64 / s
    );
    let w = plan.across.len();
    let h = plan.up.len();
    for i in [0, h / 3, h / 2] {
        for j in (0..w).step_by((w / 12).max(1)) {
            let k = i * w + j;
            println!(
                "{:.4} {:.4}: fate {} p {} steps {} amp {:.6} ly {:.4} loss {:.5} pt {:?}",
                plan.across[j],
                plan.up[i],
                o.fate[k],
                o.period[k],
                o.steps[k],
                o.amplitude[k],
                o.lyapunov[k],
                o.loss[k],
                &o.point[k * plan.initial.len()..(k + 1) * plan.initial.len()]
            );
        }
    }
}
