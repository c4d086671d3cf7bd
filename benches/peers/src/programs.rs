//! The programs: where they are, whether they are installed, and how they are run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Where libraries look for the number of threads; those of the rivals in Rust heed rayon's.
const THREADS: [&str; 4] = [
    "RAYON_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "CANDLE_NUM_THREADS",
];

/// A program that knows some of the workloads.
pub struct Program {
    /// Its name in the tables.
    pub name: &'static str,
    command: Vec<String>,
    /// Arguments after those that all programs take.
    variant: Option<&'static str>,
    /// The numbers of threads that it can use.
    threads: &'static [usize],
    /// The package that is built to measure it: its manifest, and the crate in it.
    package: Option<(PathBuf, String)>,
}

/// What one run of a program says.
pub struct Figures {
    /// The median of a step.
    pub microseconds: f64,
    /// Allocations a step, where the program counts them.
    pub allocations: Option<f64>,
    /// Bytes allocated a step.
    pub bytes: Option<f64>,
    /// The greatest resident size.
    pub peak_kib: Option<f64>,
    /// The time below which a fiftieth of the steps lie.
    pub quick: Option<f64>,
}

/// All programs that are on this machine: ours and the floors always.
pub fn installed() -> Vec<Program> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = std::env::current_exe().unwrap_or_default();
    let own = |name: &str| vec![beside.with_file_name(name).display().to_string()];
    let program = |name, command, threads| Program {
        name,
        command,
        variant: None,
        threads,
        package: None,
    };
    let mut programs = vec![
        Program {
            package: Some((here.join("../../Cargo.toml"), "wengert-nn".to_owned())),
            ..program("ours", own("ours"), &[1, 2][..])
        },
        program("floor", own("floor"), &[1, 2]),
        program("scalar tape", own("scalar"), &[1]),
    ];
    let python = std::env::var("PEERS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for (name, module, file, variant) in [
        ("torch", "torch", "in_torch.py", Some("eager")),
        ("torch fused", "torch", "in_torch.py", Some("fused")),
        ("jax", "jax", "in_jax.py", None),
    ] {
        let script = here.join("rivals").join(file);
        let import = format!("import {module}");
        let found = script.exists()
            && Command::new(&python)
                .args(["-c", &import])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success());
        if found {
            let command = vec![python.clone(), script.display().to_string()];
            programs.push(Program {
                variant,
                ..program(name, command, &[1, 2])
            });
        }
    }
    for name in ["dfdx", "candle", "burn"] {
        let folder = here.join("rivals").join(name);
        let package = format!("peer-{name}");
        let binary = folder.join("target/release").join(&package);
        if binary.exists() {
            let command = vec![binary.display().to_string()];
            programs.push(Program {
                package: Some((folder.join("Cargo.toml"), package)),
                ..program(name, command, &[1, 2])
            });
        }
    }
    let adolc = here.join("rivals/adolc/adolc");
    if adolc.exists() {
        programs.push(program("adolc", vec![adolc.display().to_string()], &[1]));
    }
    programs
}

impl Program {
    /// Runs one workload; `None` if the program does not know it.
    pub fn run(&self, workload: &str, threads: usize, seconds: f64) -> Option<Figures> {
        if !self.threads.contains(&threads) {
            return None;
        }
        let output = Command::new(&self.command[0])
            .args(&self.command[1..])
            .args([workload, &threads.to_string(), &seconds.to_string()])
            .args(self.variant)
            .envs(THREADS.map(|variable| (variable, threads.to_string())))
            .stderr(Stdio::null())
            .output()
            .ok()?;
        if !output.status.success() {
            eprintln!("{} failed at {workload} on {threads} threads", self.name);
            return None;
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let fields: Vec<&str> = text.lines().next()?.split('\t').collect();
        let number = |at: usize| fields.get(at)?.parse().ok();
        Some(Figures {
            microseconds: number(1)?,
            allocations: number(2),
            bytes: number(3),
            peak_kib: number(4),
            quick: number(5),
        })
    }

    /// The seconds of a clean release build of the program's package, and the number of crates
    /// that it is made of.
    pub fn build(&self) -> Option<(f64, usize)> {
        let (manifest, package) = self.package.as_ref()?;
        let cargo = |arguments: &[&str]| {
            let mut command = Command::new("cargo");
            command
                .args(arguments)
                .arg("--manifest-path")
                .arg(manifest)
                .args(["-p", package.as_str()]);
            command
        };
        let fetched = cargo(&["tree", "--prefix", "none", "-e", "normal,build"])
            .output()
            .ok()?;
        let tree = String::from_utf8_lossy(&fetched.stdout).into_owned();
        let mut crates: Vec<&str> = tree
            .lines()
            .map(|line| line.trim_end_matches(" (*)"))
            .filter(|line| !line.is_empty())
            .collect();
        crates.sort_unstable();
        crates.dedup();
        let target = std::env::temp_dir().join(format!("peers-build-{}", std::process::id()));
        let start = Instant::now();
        let status = cargo(&["build", "--release"])
            .env("CARGO_TARGET_DIR", &target)
            .stderr(Stdio::null())
            .status()
            .ok()?;
        let seconds = start.elapsed().as_secs_f64();
        // What is left there after a failure is a temporary folder's.
        let _ = std::fs::remove_dir_all(&target);
        status.success().then_some((seconds, crates.len()))
    }
}
