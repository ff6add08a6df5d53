// Gradient descent on f1, f3 and two-valleys in CUDA: a thread for each trajectory, its state in registers,
// gradients by hand.
//
//     make cuda && ../../target/peers/peer_cuda [LANDSCAPE|all [WIDTH [STEPS]]]
//
// prints a line of JSON for each landscape: WIDTH x WIDTH trajectories in f32, all with as many steps. The seconds are
// those of the kernel, by events on the device.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

constexpr int THREADS = 256, RUNS = 5;

static void check(cudaError_t code, const char *what) {
    if (code == cudaSuccess) return;
    std::fprintf(stderr, "peer_cuda: %s: %s\n", what, cudaGetErrorString(code));
    std::exit(1);
}

// The gradient of f1(r) = (1 + |r|) ln(1 + |r|) - |r|.
__device__ __forceinline__ float slope_f1(float r) { return copysignf(logf(1.0f + fabsf(r)), r); }

// The gradient of f2, (6.2) with C = 3.
__device__ __forceinline__ float slope_f2(float w) {
    return fabsf(w) <= 1.0f / 3.0f ? 6.0f * w : copysignf(2.0f / 9.0f / (w * w), w);
}

// Each landscape's step of the state (u, v); of f1 the state is u, and v is its learning rate.
struct F1 {
    static constexpr const char *NAME = "f1";
    static constexpr int COORDINATES = 1;
    static constexpr double FROM[2] = {-8, 2.5}, TO[2] = {8, 10};
    __device__ __forceinline__ static void step(float &u, float &v, int) { u -= v * slope_f1(u); }
};

struct F3 {
    static constexpr const char *NAME = "f3";
    static constexpr int COORDINATES = 2;
    static constexpr double FROM[2] = {-4, -4}, TO[2] = {4, 4};
    __device__ __forceinline__ static void step(float &u, float &v, int) {
        const float r = sqrtf(fmaxf(u * u + v * v, 7.5231638e-37f));
        const float along = slope_f2(u + v), pull = 0.5f * logf(1.0f + r) / r;
        u -= slope_f2(u) + along + pull * u;
        v -= along + pull * v;
    }
};

struct TwoValleys {
    static constexpr const char *NAME = "two-valleys";
    static constexpr int COORDINATES = 2;
    static constexpr double FROM[2] = {-30, -4}, TO[2] = {30, 4};
    __device__ __forceinline__ static void step(float &u, float &v, int t) {
        const float eta = t < 650 ? 2.5f : 0.25f;
        const float wide = 1.0f + 0.001f * u * u, narrow = 10.0f * (1.0f + 0.001f * v * v);
        const float q = wide * v, p = narrow * u;
        const float slope_q = slope_f1(q), size = fabsf(p), log_p = logf(1.0f + size);
        const float above = 1.0f + (1.0f + size) * log_p - size;
        const float slope_p = 0.25f / (above * above) * copysignf(log_p, p);
        const float du = slope_q * 0.002f * u * v + slope_p * narrow;
        const float dv = slope_q * wide + slope_p * 0.02f * u * v;
        u -= eta * du;
        v -= eta * dv;
    }
};

template <class Case> __global__ void descend(float *us, float *vs, int lanes, int steps) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= lanes) return;
    float u = us[i], v = vs[i];
    for (int t = 0; t < steps; t++) Case::step(u, v, t);
    us[i] = u;
    vs[i] = v;
}

// Value k of n from a to b.
static float at(double a, double b, int k, int n) { return static_cast<float>(n > 1 ? a + (b - a) * k / (n - 1) : a); }

template <class Case> static void measure(int width, int steps) {
    const int lanes = width * width;
    const size_t bytes = sizeof(float) * static_cast<size_t>(lanes);
    std::vector<float> u(lanes), v(lanes);
    for (int i = 0; i < lanes; i++) {
        const int across = i % width, up = i / width;
        const bool is_f1 = Case::COORDINATES == 1; // x goes up, eta across
        u[i] = at(Case::FROM[0], Case::TO[0], is_f1 ? up : across, width);
        v[i] = at(Case::FROM[1], Case::TO[1], is_f1 ? across : up, width);
    }
    float *us, *vs;
    check(cudaMalloc(&us, bytes), "memory");
    check(cudaMalloc(&vs, bytes), "memory");
    cudaEvent_t before, after;
    check(cudaEventCreate(&before), "event");
    check(cudaEventCreate(&after), "event");
    const int blocks = (lanes + THREADS - 1) / THREADS;
    std::vector<float> times;
    for (int run = 0; run <= RUNS; run++) { // the first one warms up
        check(cudaMemcpy(us, u.data(), bytes, cudaMemcpyHostToDevice), "copy");
        check(cudaMemcpy(vs, v.data(), bytes, cudaMemcpyHostToDevice), "copy");
        check(cudaEventRecord(before), "event");
        descend<Case><<<blocks, THREADS>>>(us, vs, lanes, steps);
        check(cudaGetLastError(), "launch");
        check(cudaEventRecord(after), "event");
        check(cudaEventSynchronize(after), "kernel");
        float milliseconds = 0;
        check(cudaEventElapsedTime(&milliseconds, before, after), "event");
        if (run > 0) times.push_back(milliseconds);
    }
    check(cudaMemcpy(u.data(), us, bytes, cudaMemcpyDeviceToHost), "copy");
    check(cudaMemcpy(v.data(), vs, bytes, cudaMemcpyDeviceToHost), "copy");
    check(cudaEventDestroy(before), "event");
    check(cudaEventDestroy(after), "event");
    check(cudaFree(us), "memory");
    check(cudaFree(vs), "memory");
    double sum = 0;
    for (int i = 0; i < lanes; i++) sum += std::fabs(u[i]) + (Case::COORDINATES == 2 ? std::fabs(v[i]) : 0.0);
    std::sort(times.begin(), times.end());
    const double seconds = times[RUNS / 2] * 1e-3;
    cudaDeviceProp device;
    check(cudaGetDeviceProperties(&device, 0), "device");
    std::printf("{\"peer\": \"cuda\", \"device\": \"%s\", \"landscape\": \"%s\", \"lanes\": %d, \"steps\": %d, "
                "\"seconds\": %.6f, \"steps_per_second\": %.6e, \"checksum\": %.6f}\n",
                device.name, Case::NAME, lanes, steps, seconds, static_cast<double>(lanes) * steps / seconds,
                sum / lanes / Case::COORDINATES);
    std::fflush(stdout);
}

int main(int argc, char **argv) {
    const char *wanted = argc > 1 ? argv[1] : "all";
    const int width = argc > 2 ? std::atoi(argv[2]) : 1024, steps = argc > 3 ? std::atoi(argv[3]) : 1000;
    bool found = false;
    const auto is = [&](const char *name) {
        const bool chosen = width > 0 && width <= 32768 && steps > 0 &&
                            (!std::strcmp(wanted, "all") || !std::strcmp(wanted, name));
        return found |= chosen, chosen;
    };
    if (is(F1::NAME)) measure<F1>(width, steps);
    if (is(F3::NAME)) measure<F3>(width, steps);
    if (is(TwoValleys::NAME)) measure<TwoValleys>(width, steps);
    if (!found) std::fprintf(stderr, "usage: peer_cuda [f1|f3|two-valleys|all [WIDTH [STEPS]]], WIDTH up to 32768\n");
    return found ? 0 : 2;
}
