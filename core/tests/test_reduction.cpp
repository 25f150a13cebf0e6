// Hand cases for the headers behind bindings/reduction.cpp. `make core` builds and runs it under sanitizers.
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "topolens/reduction.hpp"

using namespace topolens;
using Numbers = std::vector<std::int64_t>;

namespace {

int failures = 0;

void expect(const char* name, const Numbers& offsets, const Numbers& rows, const Numbers& coefficients,
            const Numbers& dims, std::int64_t field, const Numbers& wanted) {
    const auto partner = reduce_boundary(offsets.data(), rows.data(), coefficients.data(), dims.data(),
                                         static_cast<std::int64_t>(dims.size()), field);
    if (partner == wanted) return;
    ++failures;
    std::printf("FAILED %s over Z/%d:", name, int(field));
    for (std::int64_t p : partner) std::printf(" %d", int(p));
    std::printf("\n");
}

}  // namespace

int main() {
    for (std::int64_t p : {2, 3, 46337, 2147483647}) {
        expect("no cells", {0}, {}, {}, {}, p, {});
        expect("two vertices, one edge", {0, 0, 0, 2}, {0, 1}, {-1, 1}, {0, 0, 1}, p, {-1, 2, 1});
        expect("circle", {0, 0, 0, 0, 2, 4, 6}, {0, 1, 1, 2, 0, 2}, {-1, 1, -1, 1, -1, 1}, {0, 0, 0, 1, 1, 1}, p,
               {-1, 3, 4, 1, 2, -1});
        expect("triangle", {0, 0, 0, 0, 2, 4, 6, 9}, {0, 1, 1, 2, 0, 2, 3, 4, 5}, {-1, 1, -1, 1, -1, 1, 1, 1, -1},
               {0, 0, 0, 1, 1, 1, 2}, p, {-1, 3, 4, 1, 2, 6, 5});
        // A loop at one vertex has no boundary at all; a coefficient that is 0 in the field is no entry.
        expect("loop", {0, 0, 1}, {0}, {0}, {0, 1}, p, {-1, -1});
    }
    // The projective plane with one cell in each dimension: the disc is glued on twice.
    expect("projective plane", {0, 0, 0, 1}, {1}, {2}, {0, 1, 2}, 2, {-1, -1, -1});
    expect("projective plane", {0, 0, 0, 1}, {1}, {2}, {0, 1, 2}, 3, {-1, 2, 1});
    try {
        expect("no field", {0}, {}, {}, {}, 6, {});
        ++failures;
    } catch (const std::invalid_argument&) {
    }
    std::printf(failures == 0 ? "reduction: all good\n" : "reduction: %d failed\n", failures);
    return failures != 0;
}
