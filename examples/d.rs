use gdscope::{descent::Descent,landscape::Landscape};
fn main(){ for n in ["f1","f2","f3"] { let l=Landscape::load(n).unwrap(); let d=Descent::new(&l,|g|Ok(g.input("eta")),|n| if n=="eta"{None}else{l.parameters.get(n).copied()}).unwrap();
 let (s,r)=d.graph.shared_text(&d.next); println!("{n} next"); for x in s.iter().chain(&r){println!("   {x}")}
 let roots:Vec<_>=d.next.iter().chain(&d.tangent_next).chain([&d.loss]).copied().collect();
 let (s,r)=d.graph.shared_text(&roots); println!("{n} all: {} nodes", d.graph.reachable(&roots).len()); for x in s.iter().chain(&r){println!("   {x}")} } }
