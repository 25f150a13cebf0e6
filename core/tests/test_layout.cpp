// Hand cases for the headers behind bindings/layout.cpp. `make core` builds and runs it under sanitizers.
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "topolens/force_layout.hpp"

using namespace topolens;

namespace {

int failures = 0;

void check(bool good, const char* name) {
    if (good) return;
    ++failures;
    std::printf("FAILED %s\n", name);
}

std::vector<Spot> random_spots(std::size_t count) {
    std::mt19937_64 random(0);
    std::uniform_real_distribution<double> uniform;
    std::vector<Spot> spots(count);
    for (Spot& spot : spots) spot = {uniform(random), uniform(random)};
    return spots;
}

void pushes() {
    const auto spots = random_spots(500);
    const QuadTree tree(spots);
    double exact_error = 0, opened_error = 0, size = 0;
    for (std::size_t i = 0; i < spots.size(); ++i) {
        Spot sum;
        for (std::size_t j = 0; j < spots.size(); ++j) {
            const double dx = spots[i].x - spots[j].x, dy = spots[i].y - spots[j].y, square = dx * dx + dy * dy;
            if (i != j) sum = {sum.x + dx / square, sum.y + dy / square};
        }
        const auto self = static_cast<std::int32_t>(i);
        const Spot exact = tree.push(spots[i], self, 0), opened = tree.push(spots[i], self, 0.81);
        exact_error += std::hypot(exact.x - sum.x, exact.y - sum.y);
        opened_error += std::hypot(opened.x - sum.x, opened.y - sum.y);
        size += std::hypot(sum.x, sum.y);
    }
    check(exact_error < 1e-9 * size, "with no opening the pushes are exact");
    check(opened_error > 1e-9 * size && opened_error < 0.05 * size, "with an opening they are nearly so");
}

void pairs() {
    const std::vector<std::int64_t> offsets{0, 1, 2}, targets{1, 0};
    const std::vector<double> weights{1, 1};
    const PullGraph graph{2, offsets.data(), targets.data(), weights.data()};
    for (const Spot other : {Spot{0.1, 0}, Spot{5, 5}, Spot{0, 0}}) {
        std::vector<Spot> spots{{0, 0}, other};
        refine_layout(spots, graph, {.length = 2}, 1);
        check(std::abs(std::hypot(spots[0].x - spots[1].x, spots[0].y - spots[1].y) - 2) < 0.02, "edge length");
    }
    std::vector<Spot> level{{0, 0}, {0.5, 0.1}};
    refine_layout(level, graph, {.only_y = true}, 1);
    check(level[0].x == 0 && level[1].x == 0.5 && level[1].y - level[0].y > 0.5, "x stays");
    std::vector<Spot> one{{3, 4}};
    const std::vector<std::int64_t> alone{0, 0};
    refine_layout(one, {1, alone.data(), nullptr, nullptr}, {}, 1);
    check(one[0].x == 3 && one[0].y == 4, "one point stays");
    std::vector<Spot> same(100, Spot{1, 1});
    const std::vector<std::int64_t> none(101, 0);
    refine_layout(same, {100, none.data(), nullptr, nullptr}, {}, 1);
    check(std::isfinite(same[0].x) && std::hypot(same[0].x - same[1].x, same[0].y - same[1].y) > 0.01, "one place");
}

void threads() {
    const auto start = random_spots(4000);
    std::vector<std::int64_t> offsets(4001), targets;
    for (std::size_t v = 0; v < 4000; ++v) {
        targets.push_back(static_cast<std::int64_t>((v + 1) % 4000));
        targets.push_back(static_cast<std::int64_t>((v + 3999) % 4000));
        offsets[v + 1] = static_cast<std::int64_t>(targets.size());
    }
    const std::vector<double> weights(targets.size(), 1.0);
    const PullGraph graph{4000, offsets.data(), targets.data(), weights.data()};
    auto one = start, four = start;
    refine_layout(one, graph, {.rounds = 5}, 1);
    refine_layout(four, graph, {.rounds = 5}, 4);
    bool same = true;
    for (std::size_t v = 0; v < one.size(); ++v) same = same && one[v].x == four[v].x && one[v].y == four[v].y;
    check(same, "one thread equals four");
}

}  // namespace

int main() {
    pushes();
    pairs();
    threads();
    if (failures == 0) std::printf("layout: all good\n");
    return failures != 0;
}
