// Which dialect a launcher speaks, by what it says of itself.
#pragma once

#include <kvmark/core/config.hpp>
#include <kvmark/launch/dialect.hpp>

#include <string>

namespace kvmark::launch {

/// The dialect of that name (dialect::name); null where there is none.
[[nodiscard]] constexpr const dialect* find_dialect(std::string_view name) {
    for (const dialect* words : dialects::all)
        if (words->name == name) return words;
    return nullptr;
}

/// The names of all dialects, with `between` between them.
[[nodiscard]] KVMARK_COLD std::string dialect_names(std::string_view between = ", ") {
    std::string all;
    for (const dialect* words : dialects::all)
        (all += all.empty() ? std::string_view() : between) += words->name;
    return all;
}

/// What one line of a `--version` tells; null: nothing. Which program prints what:
/// - `mpirun (Open MPI) 4.1.4`, `mpiexec (OpenRTE) 4.1.4`, `mpirun (Open MPI) 5.0.7`, `prterun (PRRTE) 3.0.8`
/// - `HYDRA build details:`, `Intel(R) MPI Library for Linux* OS, Version 2021.8 Build ...`
/// - `mpiexec version 1.8.0 revision ...` is PALS (MPAS-Dev/mache, `is_pals_launcher`)
/// - `slurm 22.05.8`, and `slurm-wlm 24.11.5` on Debian
[[nodiscard]] constexpr const dialect* dialect_of_line(std::string_view line) {
    const auto digit = [](std::string_view text) {
        return !text.empty() && text[0] >= '0' && text[0] <= '9';
    };
    const auto behind = [line](std::string_view word) {
        const std::size_t at = line.find(word);
        return at == line.npos ? std::string_view() : line.substr(at + word.size());
    };
    for (const std::string_view word : {"(Open MPI) ", "(OpenRTE) "})
        if (const std::string_view version = behind(word); digit(version)) {
            const bool one_digit = version.size() < 2 || !digit(version.substr(1));
            return one_digit && version[0] < '5' ? &dialects::open_mpi_4 : &dialects::open_mpi_5;
        }
    if (digit(behind("(PRRTE) "))) return &dialects::open_mpi_5;
    if (line.starts_with("HYDRA build details") || line.starts_with("Intel(R) MPI Library"))
        return &dialects::hydra;
    for (const std::string_view word : {"slurm ", "slurm-wlm "})
        if (line.starts_with(word) && digit(line.substr(word.size()))) return &dialects::srun;
    if (line.starts_with("PALS") || line.find("(PALS)") != line.npos) return &dialects::pals;
    if (line.starts_with("mpiexec version ") && digit(behind("mpiexec version "))) return &dialects::pals;
    return nullptr;
}

/// The dialect of the launcher that printed `text` for `--version`, on both of its outputs; null where no
/// line is known. The program's own name tells nothing: mpiexec is the name of at least four launchers.
[[nodiscard]] constexpr const dialect* dialect_of_version(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (const dialect* words = dialect_of_line(text.substr(0, end))) return words;
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return nullptr;
}

} // namespace kvmark::launch
