//! CSV files.

use gdscope::dataset::Dataset;

use crate::guard::{Place, fuzz, measured};
use crate::text::texts;

const CORPUS: [&str; 6] = [
    "u,v\n1,2\n0.5,-1e-3\n",
    "# made by hand\nname, x, y\n\"a, b\", 1, 2\n\"c \"\"d\"\"\", 3.5, -4\n",
    "\u{feff}a,b,c\r\n1,2,3\r\n4,5,6\r\n",
    "x\n1\n2\n3\n4\n5\n6\n7\n8\n",
    "u,v,label\n0.1,0.2,yes\n0.3,0.4,no\n",
    "a,b\n1e300,-1e300\n0,-0\n\n1,1\n",
];

const WORDS: [&str; 19] = [
    ",", ";", "\t", "|", "\n", "\r", "\r\n", "\"", "\"\"", "#", "\u{feff}", "\u{0}", "u", "file", " ",
    "\"\n\"", "é", "--1", "1,5",
];

/// Whether a file is taken for data.
fn is_taken(path: &std::path::Path) -> bool {
    let dataset = Dataset::from_words(&[path.to_str().unwrap().to_owned()]);
    dataset
        .and_then(|dataset| {
            dataset.check()?;
            dataset.describe().for_each(drop);
            dataset.data()
        })
        .is_ok()
}

#[test]
fn csv_files() {
    let place = Place::new();
    fuzz(3000, texts(CORPUS.map(str::to_owned).to_vec(), &WORDS), |text| {
        is_taken(&place.file("d.csv", &text.0))
    });
}

#[test]
fn wide_long_and_quoted_tables() {
    let place = Place::new();
    let million =
        |part: &str, other: &str| format!("{}a\n{}1\n", part.repeat(1_000_000), other.repeat(1_000_000));
    let texts = [
        million("a,", "1,"),
        million(",", ","),
        million("\"a\",", "1,"),
        "\"".repeat(1_000_001),
        format!("a,b\n{}", "1\n".repeat(3_000_000)),
        format!("a,b\n{}", "1,2\n".repeat(3_000_000)),
        format!("a\n{}", "\n".repeat(30_000_000)),
        format!("{}\n{}", vec!["a"; 5000].join(","), (vec!["1"; 5000].join(",") + "\n").repeat(2000)),
        format!("a\n\"{}", "\n".repeat(30_000_000)),
        format!("a\n{}", "9".repeat(30_000_000)),
        format!("a\n0.{}1", "0".repeat(30_000_000)),
        "#".repeat(300_000_000),
    ];
    for text in texts {
        let path = place.file("d.csv", text.as_bytes());
        let start: String = text.chars().take(20).collect();
        drop(text);
        let most = measured(|| _ = is_taken(&path));
        assert!(most < 1 << 30, "{start:?} takes {} MiB", most >> 20);
    }
}
