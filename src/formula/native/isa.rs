//! The instructions of AVX-512 and of AVX2 with FMA.

use std::sync::OnceLock;

use iced_x86::{Code, Register};

use super::code::{Fused, One, Predicate, Two};

/// What a process has chosen: the results are the same, and so this is no part of a request.
static CHOSEN: OnceLock<Option<Isa>> = OnceLock::new();

/// An instruction set that code is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512 (F, BW, DQ, VL): 512 bits, 32 vectors and masks.
    Avx512,
    /// AVX2 with FMA: 256 bits, 16 vectors.
    Avx2,
}

impl Isa {
    /// All, the widest first.
    pub const ALL: [Self; 2] = [Self::Avx512, Self::Avx2];

    /// Cycles that a vector's way through a stage of code is to take at the most, by measurement: more with fewer
    /// registers, where more goes through memory already.
    pub fn stage_length(self) -> u32 {
        match self {
            Isa::Avx512 => 45,
            Isa::Avx2 => 75,
        }
    }

    /// Whether this processor has it.
    pub fn is_here(self) -> bool {
        use std::arch::is_x86_feature_detected as has;
        match self {
            Isa::Avx512 => {
                has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl") && has!("fma")
            }
            Isa::Avx2 => has!("avx2") && has!("fma"),
        }
    }

    /// The widest that this processor has.
    pub fn widest() -> Option<Self> {
        Self::ALL.into_iter().find(|isa| isa.is_here())
    }

    /// The one that this process writes code for: the widest, if no other was [chosen](Isa::choose).
    pub fn chosen() -> Option<Self> {
        *CHOSEN.get_or_init(Self::widest)
    }

    /// Chooses for the whole process, before any code is written; too late, it changes nothing and says so.
    ///
    /// # Errors
    /// The choice that holds.
    pub fn choose(isa: Option<Self>) -> Result<(), Option<Self>> {
        match CHOSEN.set(isa) {
            Ok(()) => Ok(()),
            Err(_) if Self::chosen() == isa => Ok(()),
            Err(_) => Err(Self::chosen()),
        }
    }

    /// Its name, with the architecture's.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Avx512 => "x86-64 AVX-512",
            Isa::Avx2 => "x86-64 AVX2",
        }
    }

    /// Bytes of a vector.
    pub fn bytes(self) -> usize {
        match self {
            Isa::Avx512 => 64,
            Isa::Avx2 => 32,
        }
    }

    /// Vector number `n`.
    pub fn vector(self, n: usize) -> Register {
        match self {
            Isa::Avx512 => Register::ZMM0 + n as u32,
            Isa::Avx2 => Register::YMM0 + n as u32,
        }
    }

    /// How many vectors there are.
    pub fn vectors(self) -> usize {
        match self {
            Isa::Avx512 => 32,
            Isa::Avx2 => 16,
        }
    }
}

/// Which of an instruction's forms: the set, and whether numbers have 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub isa: Isa,
    pub is_double: bool,
}

impl Form {
    fn of(self, [wide, wide_double, narrow, narrow_double]: [Code; 4]) -> Code {
        match (self.isa, self.is_double) {
            (Isa::Avx512, false) => wide,
            (Isa::Avx512, true) => wide_double,
            (Isa::Avx2, false) => narrow,
            (Isa::Avx2, true) => narrow_double,
        }
    }

    pub fn load(self) -> Code {
        self.of([
            Code::EVEX_Vmovaps_zmm_k1z_zmmm512,
            Code::EVEX_Vmovapd_zmm_k1z_zmmm512,
            Code::VEX_Vmovaps_ymm_ymmm256,
            Code::VEX_Vmovapd_ymm_ymmm256,
        ])
    }

    pub fn store(self) -> Code {
        self.of([
            Code::EVEX_Vmovaps_zmmm512_k1z_zmm,
            Code::EVEX_Vmovapd_zmmm512_k1z_zmm,
            Code::VEX_Vmovaps_ymmm256_ymm,
            Code::VEX_Vmovapd_ymmm256_ymm,
        ])
    }

    /// One number in memory to all lanes.
    pub fn broadcast(self) -> Code {
        self.of([
            Code::EVEX_Vbroadcastss_zmm_k1z_xmmm32,
            Code::EVEX_Vbroadcastsd_zmm_k1z_xmmm64,
            Code::VEX_Vbroadcastss_ymm_m32,
            Code::VEX_Vbroadcastsd_ymm_m64,
        ])
    }

    /// The lowest number of a vector to all lanes.
    pub fn spread(self) -> Code {
        self.of([
            Code::EVEX_Vbroadcastss_zmm_k1z_xmmm32,
            Code::EVEX_Vbroadcastsd_zmm_k1z_xmmm64,
            Code::VEX_Vbroadcastss_ymm_xmm,
            Code::VEX_Vbroadcastsd_ymm_xmm,
        ])
    }

    /// A whole number in a general register to the lowest number of a vector.
    pub fn convert_integer(self) -> Code {
        self.of([
            Code::EVEX_Vcvtsi2ss_xmm_xmm_rm64_er,
            Code::EVEX_Vcvtsi2sd_xmm_xmm_rm64_er,
            Code::VEX_Vcvtsi2ss_xmm_xmm_rm64,
            Code::VEX_Vcvtsi2sd_xmm_xmm_rm64,
        ])
    }

    pub fn one(self, op: One) -> Code {
        self.of(match op {
            One::Sqrt => [
                Code::EVEX_Vsqrtps_zmm_k1z_zmmm512b32_er,
                Code::EVEX_Vsqrtpd_zmm_k1z_zmmm512b64_er,
                Code::VEX_Vsqrtps_ymm_ymmm256,
                Code::VEX_Vsqrtpd_ymm_ymmm256,
            ],
            One::Round => [
                Code::EVEX_Vrndscaleps_zmm_k1z_zmmm512b32_imm8_sae,
                Code::EVEX_Vrndscalepd_zmm_k1z_zmmm512b64_imm8_sae,
                Code::VEX_Vroundps_ymm_ymmm256_imm8,
                Code::VEX_Vroundpd_ymm_ymmm256_imm8,
            ],
            One::FromSigned => [
                Code::EVEX_Vcvtdq2ps_zmm_k1z_zmmm512b32_er,
                // In f64 the functions do without it: AVX2 has no such instruction.
                Code::INVALID,
                Code::VEX_Vcvtdq2ps_ymm_ymmm256,
                Code::INVALID,
            ],
        })
    }

    pub fn two(self, op: Two) -> Code {
        self.of(match op {
            Two::Add => [
                Code::EVEX_Vaddps_zmm_k1z_zmm_zmmm512b32_er,
                Code::EVEX_Vaddpd_zmm_k1z_zmm_zmmm512b64_er,
                Code::VEX_Vaddps_ymm_ymm_ymmm256,
                Code::VEX_Vaddpd_ymm_ymm_ymmm256,
            ],
            Two::Sub => [
                Code::EVEX_Vsubps_zmm_k1z_zmm_zmmm512b32_er,
                Code::EVEX_Vsubpd_zmm_k1z_zmm_zmmm512b64_er,
                Code::VEX_Vsubps_ymm_ymm_ymmm256,
                Code::VEX_Vsubpd_ymm_ymm_ymmm256,
            ],
            Two::Mul => [
                Code::EVEX_Vmulps_zmm_k1z_zmm_zmmm512b32_er,
                Code::EVEX_Vmulpd_zmm_k1z_zmm_zmmm512b64_er,
                Code::VEX_Vmulps_ymm_ymm_ymmm256,
                Code::VEX_Vmulpd_ymm_ymm_ymmm256,
            ],
            Two::Div => [
                Code::EVEX_Vdivps_zmm_k1z_zmm_zmmm512b32_er,
                Code::EVEX_Vdivpd_zmm_k1z_zmm_zmmm512b64_er,
                Code::VEX_Vdivps_ymm_ymm_ymmm256,
                Code::VEX_Vdivpd_ymm_ymm_ymmm256,
            ],
            Two::Min => [
                Code::EVEX_Vminps_zmm_k1z_zmm_zmmm512b32_sae,
                Code::EVEX_Vminpd_zmm_k1z_zmm_zmmm512b64_sae,
                Code::VEX_Vminps_ymm_ymm_ymmm256,
                Code::VEX_Vminpd_ymm_ymm_ymmm256,
            ],
            Two::Max => [
                Code::EVEX_Vmaxps_zmm_k1z_zmm_zmmm512b32_sae,
                Code::EVEX_Vmaxpd_zmm_k1z_zmm_zmmm512b64_sae,
                Code::VEX_Vmaxps_ymm_ymm_ymmm256,
                Code::VEX_Vmaxpd_ymm_ymm_ymmm256,
            ],
            Two::And => [
                Code::EVEX_Vandps_zmm_k1z_zmm_zmmm512b32,
                Code::EVEX_Vandpd_zmm_k1z_zmm_zmmm512b64,
                Code::VEX_Vandps_ymm_ymm_ymmm256,
                Code::VEX_Vandpd_ymm_ymm_ymmm256,
            ],
            Two::Or => [
                Code::EVEX_Vorps_zmm_k1z_zmm_zmmm512b32,
                Code::EVEX_Vorpd_zmm_k1z_zmm_zmmm512b64,
                Code::VEX_Vorps_ymm_ymm_ymmm256,
                Code::VEX_Vorpd_ymm_ymm_ymmm256,
            ],
            Two::Xor => [
                Code::EVEX_Vxorps_zmm_k1z_zmm_zmmm512b32,
                Code::EVEX_Vxorpd_zmm_k1z_zmm_zmmm512b64,
                Code::VEX_Vxorps_ymm_ymm_ymmm256,
                Code::VEX_Vxorpd_ymm_ymm_ymmm256,
            ],
            Two::WrappingAdd => [
                Code::EVEX_Vpaddd_zmm_k1z_zmm_zmmm512b32,
                Code::EVEX_Vpaddq_zmm_k1z_zmm_zmmm512b64,
                Code::VEX_Vpaddd_ymm_ymm_ymmm256,
                Code::VEX_Vpaddq_ymm_ymm_ymmm256,
            ],
            Two::WrappingSub => [
                Code::EVEX_Vpsubd_zmm_k1z_zmm_zmmm512b32,
                Code::EVEX_Vpsubq_zmm_k1z_zmm_zmmm512b64,
                Code::VEX_Vpsubd_ymm_ymm_ymmm256,
                Code::VEX_Vpsubq_ymm_ymm_ymmm256,
            ],
        })
    }

    /// The forms `a = b * a + c`, `a = b * c + a` and `a = a * c + b` of an operation on registers `a` and `b` and
    /// a last operand `c`.
    pub fn fused(self, op: Fused) -> [Code; 3] {
        macro_rules! forms {
            ($evex:ident, $evex_double:ident, $vex:ident, $vex_double:ident) => {
                [Code::$evex, Code::$evex_double, Code::$vex, Code::$vex_double]
            };
        }
        let forms = match op {
            Fused::MulAdd => [
                forms!(
                    EVEX_Vfmadd213ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfmadd213pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfmadd213ps_ymm_ymm_ymmm256,
                    VEX_Vfmadd213pd_ymm_ymm_ymmm256
                ),
                forms!(
                    EVEX_Vfmadd231ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfmadd231pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfmadd231ps_ymm_ymm_ymmm256,
                    VEX_Vfmadd231pd_ymm_ymm_ymmm256
                ),
                forms!(
                    EVEX_Vfmadd132ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfmadd132pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfmadd132ps_ymm_ymm_ymmm256,
                    VEX_Vfmadd132pd_ymm_ymm_ymmm256
                ),
            ],
            Fused::MulSub => [
                forms!(
                    EVEX_Vfmsub213ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfmsub213pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfmsub213ps_ymm_ymm_ymmm256,
                    VEX_Vfmsub213pd_ymm_ymm_ymmm256
                ),
                forms!(
                    EVEX_Vfmsub231ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfmsub231pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfmsub231ps_ymm_ymm_ymmm256,
                    VEX_Vfmsub231pd_ymm_ymm_ymmm256
                ),
                forms!(
                    EVEX_Vfmsub132ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfmsub132pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfmsub132ps_ymm_ymm_ymmm256,
                    VEX_Vfmsub132pd_ymm_ymm_ymmm256
                ),
            ],
            Fused::NegMulAdd => [
                forms!(
                    EVEX_Vfnmadd213ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfnmadd213pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfnmadd213ps_ymm_ymm_ymmm256,
                    VEX_Vfnmadd213pd_ymm_ymm_ymmm256
                ),
                forms!(
                    EVEX_Vfnmadd231ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfnmadd231pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfnmadd231ps_ymm_ymm_ymmm256,
                    VEX_Vfnmadd231pd_ymm_ymm_ymmm256
                ),
                forms!(
                    EVEX_Vfnmadd132ps_zmm_k1z_zmm_zmmm512b32_er,
                    EVEX_Vfnmadd132pd_zmm_k1z_zmm_zmmm512b64_er,
                    VEX_Vfnmadd132ps_ymm_ymm_ymmm256,
                    VEX_Vfnmadd132pd_ymm_ymm_ymmm256
                ),
            ],
        };
        forms.map(|form| self.of(form))
    }

    pub fn shift_left(self) -> Code {
        self.of([
            Code::EVEX_Vpslld_zmm_k1z_zmmm512b32_imm8,
            Code::EVEX_Vpsllq_zmm_k1z_zmmm512b64_imm8,
            Code::VEX_Vpslld_ymm_ymm_imm8,
            Code::VEX_Vpsllq_ymm_ymm_imm8,
        ])
    }

    pub fn shift_right(self) -> Code {
        self.of([
            Code::EVEX_Vpsrld_zmm_k1z_zmmm512b32_imm8,
            Code::EVEX_Vpsrlq_zmm_k1z_zmmm512b64_imm8,
            Code::VEX_Vpsrld_ymm_ymm_imm8,
            Code::VEX_Vpsrlq_ymm_ymm_imm8,
        ])
    }

    pub fn compare(self) -> Code {
        self.of([
            Code::EVEX_Vcmpps_kr_k1_zmm_zmmm512b32_imm8_sae,
            Code::EVEX_Vcmppd_kr_k1_zmm_zmmm512b64_imm8_sae,
            Code::VEX_Vcmpps_ymm_ymm_ymmm256_imm8,
            Code::VEX_Vcmppd_ymm_ymm_ymmm256_imm8,
        ])
    }

    /// The second operand where the mask holds, and else the first.
    pub fn blend(self) -> Code {
        self.of([
            Code::EVEX_Vblendmps_zmm_k1z_zmm_zmmm512b32,
            Code::EVEX_Vblendmpd_zmm_k1z_zmm_zmmm512b64,
            Code::VEX_Vblendvps_ymm_ymm_ymmm256_ymm,
            Code::VEX_Vblendvpd_ymm_ymm_ymmm256_ymm,
        ])
    }
}

impl Predicate {
    /// The comparison's number, quiet about NaN where it asks for equality.
    pub fn number(self) -> u32 {
        match self {
            Predicate::Eq => 0x00,
            Predicate::Lt => 0x01,
            Predicate::Le => 0x02,
            Predicate::Ne => 0x04,
        }
    }

    /// The number of the comparison with its operands exchanged.
    pub fn exchanged(self) -> u32 {
        match self {
            Predicate::Lt => 0x0e,
            Predicate::Le => 0x0d,
            Predicate::Eq | Predicate::Ne => self.number(),
        }
    }
}
