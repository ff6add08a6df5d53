/* Gradient descent on f1, f3 and two-valleys in C with OpenMP: gradients by hand, loops that the compiler
 * vectorises. A step is taken for a block of trajectories that stays in the nearest cache.
 *
 *     make c && ../../target/peers/peer_c [LANDSCAPE|all [WIDTH [STEPS]]]
 *
 * prints a line of JSON for each landscape: WIDTH x WIDTH trajectories in f32, all with as many steps. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, RUNS = 3 };

/* The gradient of f1(r) = (1 + |r|) ln(1 + |r|) - |r|. */
static inline float slope_f1(float r) { return copysignf(logf(1.0f + fabsf(r)), r); }

/* The gradient of f2, (6.2) with C = 3. */
static inline float slope_f2(float w) {
    const float outside = copysignf(2.0f / 9.0f / (w * w), w);
    return fabsf(w) <= 1.0f / 3.0f ? 6.0f * w : outside;
}

static void f1(float *restrict x, const float *restrict eta, int steps) {
    for (int t = 0; t < steps; t++)
        for (int i = 0; i < BLOCK; i++) x[i] -= eta[i] * slope_f1(x[i]);
}

static void f3(float *restrict x1, float *restrict x2, int steps) {
    for (int t = 0; t < steps; t++)
        for (int i = 0; i < BLOCK; i++) {
            const float a = x1[i], b = x2[i];
            const float r = sqrtf(fmaxf(a * a + b * b, 7.5231638e-37f));
            const float along = slope_f2(a + b), pull = 0.5f * logf(1.0f + r) / r;
            x1[i] = a - (slope_f2(a) + along + pull * a);
            x2[i] = b - (along + pull * b);
        }
}

static void two_valleys(float *restrict x1, float *restrict x2, int steps) {
    for (int t = 0; t < steps; t++) {
        const float eta = t < 650 ? 2.5f : 0.25f;
        for (int i = 0; i < BLOCK; i++) {
            const float a = x1[i], b = x2[i];
            const float wide = 1.0f + 0.001f * a * a, narrow = 10.0f * (1.0f + 0.001f * b * b);
            const float q = wide * b, p = narrow * a;
            const float slope_q = slope_f1(q), size = fabsf(p), log_p = logf(1.0f + size);
            const float above = 1.0f + (1.0f + size) * log_p - size;
            const float slope_p = 0.25f / (above * above) * copysignf(log_p, p);
            x1[i] = a - eta * (slope_q * 0.002f * a * b + slope_p * narrow);
            x2[i] = b - eta * (slope_q * wide + slope_p * 0.02f * a * b);
        }
    }
}

/* Value k of n from a to b. */
static float at(double a, double b, int k, int n) { return (float)(n > 1 ? a + (b - a) * k / (n - 1) : a); }

/* Two numbers for each trajectory, and how many of them are coordinates. */
typedef struct {
    const char *name;
    double from[2], to[2];
    int coordinates;
} Case;

static const Case CASES[] = {
    {"f1", {-8, 2.5}, {8, 10}, 1},
    {"f3", {-4, -4}, {4, 4}, 2},
    {"two-valleys", {-30, -4}, {30, 4}, 2},
};

static void start(const Case *c, float *u, float *v, int width) {
    const int is_f1 = c->coordinates == 1; /* x goes up, eta across */
#pragma omp parallel for
    for (int i = 0; i < width * width; i++) {
        const int across = i % width, up = i / width;
        u[i] = at(c->from[0], c->to[0], is_f1 ? up : across, width);
        v[i] = at(c->from[1], c->to[1], is_f1 ? across : up, width);
    }
}

static void descend(const Case *c, float *u, float *v, int lanes, int steps) {
#pragma omp parallel for schedule(dynamic, 16)
    for (int i = 0; i < lanes; i += BLOCK) {
        if (c == &CASES[0]) f1(u + i, v + i, steps);
        else if (c == &CASES[1]) f3(u + i, v + i, steps);
        else two_valleys(u + i, v + i, steps);
    }
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const Case *c, int width, int steps) {
    const int lanes = width * width, padded = (lanes + BLOCK - 1) / BLOCK * BLOCK;
    float *u = aligned_alloc(64, padded * sizeof *u), *v = aligned_alloc(64, padded * sizeof *v);
    if (!u || !v) {
        fprintf(stderr, "peer_c: not enough memory for %d trajectories\n", lanes);
        exit(1);
    }
    for (int i = lanes; i < padded; i++) u[i] = v[i] = 1.0f;
    double seconds[RUNS];
    start(c, u, v, width);
    descend(c, u, v, padded, steps < 16 ? steps : 16);
    for (int run = 0; run < RUNS; run++) {
        start(c, u, v, width);
        const double before = omp_get_wtime();
        descend(c, u, v, padded, steps);
        seconds[run] = omp_get_wtime() - before;
    }
    qsort(seconds, RUNS, sizeof *seconds, by_size);
    double sum = 0;
    for (int i = 0; i < lanes; i++) sum += fabsf(u[i]) + (c->coordinates == 2 ? fabsf(v[i]) : 0);
    const double middle = seconds[RUNS / 2];
    printf("{\"peer\": \"c\", \"landscape\": \"%s\", \"lanes\": %d, \"steps\": %d, \"seconds\": %.6f, "
           "\"steps_per_second\": %.6e, \"checksum\": %.6f}\n",
           c->name, lanes, steps, middle, (double)lanes * steps / middle, sum / lanes / c->coordinates);
    fflush(stdout);
    free(u);
    free(v);
}

int main(int argc, char **argv) {
    const char *wanted = argc > 1 ? argv[1] : "all";
    const int width = argc > 2 ? atoi(argv[2]) : 1024, steps = argc > 3 ? atoi(argv[3]) : 1000;
    int found = 0;
    for (size_t k = 0; k < sizeof CASES / sizeof *CASES && width > 0 && width <= 32768 && steps > 0; k++)
        if (!strcmp(wanted, "all") || !strcmp(wanted, CASES[k].name)) measure(&CASES[k], width, steps), found = 1;
    if (!found) fprintf(stderr, "usage: peer_c [f1|f3|two-valleys|all [WIDTH [STEPS]]], WIDTH up to 32768\n");
    return found ? 0 : 2;
}
