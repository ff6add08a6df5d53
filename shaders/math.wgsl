// stub
fn m_log1p(a: f32) -> f32 {
  let u = 1.0 + a;
  let e = (bitcast<u32>(u) - 0x3f400000u) & 0xff800000u;
  let s = bitcast<f32>(0x40800000u - e);
  var m = bitcast<f32>(bitcast<u32>(a) - e) + (0.25*s - 1.0);
  if e == 0u { m = a; }
  var r = -0.0466;
    r = r*m + 0.105; r = r*m -0.132; r=r*m+0.1449; r=r*m-0.1668;r=r*m+0.19999;r=r*m-0.25;r=r*m+0.33333;r=r*m-0.5;
  return m + m*m*r + f32(bitcast<i32>(e)) * 8.2629582e-8;
}
fn m_log(a: f32) -> f32 { return log(a); }
fn m_exp(a: f32) -> f32 { return exp(a); }
fn m_expm1(a: f32) -> f32 { return exp(a)-1.0; }
