// Critical sets of bars of degree 0, for gradients that move whole basins.
#include "bindings.hpp"

#include <stdexcept>
#include <string>
#include <tuple>

#include "topolens/elder_tree.hpp"
#include "topolens/rips.hpp"

namespace {

using Indices = Owned<std::int64_t>;
template <class Scalar>
using Targets = std::vector<topolens::BarTarget<Scalar>>;

template <class Scalar>
Targets<Scalar> targets(Input<std::int64_t, 1> births, Input<Scalar, 1> to_birth, Input<Scalar, 1> to_death, std::int64_t n) {
    if (to_birth.shape(0) != births.shape(0) || to_death.shape(0) != births.shape(0))
        throw std::invalid_argument("births, to_birth and to_death must have the same length");
    Targets<Scalar> bars;
    for (std::size_t k = 0; k < births.shape(0); ++k) {
        if (births.data()[k] < 0 || births.data()[k] >= n) throw std::invalid_argument("a birth names no vertex");
        bars.push_back({births.data()[k], to_birth.data()[k], to_death.data()[k]});
    }
    return bars;
}

std::tuple<Indices, Indices, Indices> columns(const std::vector<topolens::CriticalCell>& found) {
    std::vector<std::int64_t> bar, cell, of_death;
    for (const auto& critical : found) {
        bar.push_back(critical.bar);
        cell.push_back(critical.cell);
        of_death.push_back(critical.of_death);
    }
    const std::size_t count = found.size();
    return {owned(std::move(bar), {count}), owned(std::move(cell), {count}), owned(std::move(of_death), {count})};
}

template <class Scalar>
std::tuple<Indices, Indices, Indices> lower_star_critical(Input<Scalar, 1> values, Input<std::int64_t, 2> ends,
                                                          Input<std::int64_t, 1> births, Input<Scalar, 1> to_birth,
                                                          Input<Scalar, 1> to_death) {
    const auto n = static_cast<std::int64_t>(values.shape(0)), edges = static_cast<std::int64_t>(ends.shape(0));
    if (ends.shape(1) != 2) throw std::invalid_argument("ends must have shape (edges, 2)");
    std::vector<topolens::CriticalCell> found;
    {
        nb::gil_scoped_release release;
        for (std::int64_t k = 0; k < 2 * edges; ++k)
            if (ends.data()[k] < 0 || ends.data()[k] >= n) throw std::invalid_argument("an edge names no vertex");
        found = topolens::lower_star_critical(values.data(), n, ends.data(), edges, targets(births, to_birth, to_death, n));
    }
    return columns(found);
}

template <class Scalar>
std::tuple<Indices, Indices, Indices> rips_critical(Input<Scalar, 1> values, std::int64_t n, Input<std::int64_t, 1> births,
                                                    Input<Scalar, 1> to_death) {
    if (n < 0 || static_cast<std::int64_t>(values.shape(0)) != topolens::RipsValues<Scalar>::cells(n))
        throw std::invalid_argument("values must hold n + n (n - 1) / 2 cells for n = " + std::to_string(n) + ", got " +
                                    std::to_string(values.shape(0)));
    std::vector<topolens::CriticalCell> found;
    {
        nb::gil_scoped_release release;
        found = topolens::rips_critical(values.data() + n, n, targets(births, to_death, to_death, n));
    }
    return columns(found);
}

template <class Scalar>
void bind_for(nb::module_& m) {
    using namespace nb::literals;
    m.def("lower_star_critical", &lower_star_critical<Scalar>, "values"_a.noconvert(), "ends"_a.noconvert(),
          "births"_a.noconvert(), "to_birth"_a.noconvert(), "to_death"_a.noconvert(),
          "Vertices (bar, vertex, whether for its death) that must move for degree-0 bars to reach their targets.");
    m.def("rips_critical", &rips_critical<Scalar>, "values"_a.noconvert(), "n"_a, "births"_a.noconvert(),
          "to_death"_a.noconvert(), "Edges (bar, cell, 1) that must move for degree-0 bars to die at their targets.");
}

}  // namespace

void bind_critical(nb::module_& m) {
    bind_for<float>(m);
    bind_for<double>(m);
}
