// fio's process, and what it prints.
#define BOOST_PROCESS_USE_STD_FS
#include <boost/optional.hpp>
#include <boost/type_traits/remove_pointer.hpp>

#include "tiers_fio.hpp"

#include "own_process_group.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/json/parse.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>

#include <chrono>
#include <csignal>
#include <fstream>

namespace kvmark::cli {

namespace {

namespace asio = boost::asio;
namespace process = boost::process::v2;
constexpr const char* pages_file = "/proc/sys/vm/nr_hugepages";

/// What fio printed on stdout; it is ended when `stop` becomes true.
result<std::string> output_of(const std::vector<std::string>& arguments, const std::atomic<bool>& stop) {
    const auto program = process::environment::find_executable("fio");
    if (program.empty())
        return error{error_kind::unsupported,
                     "--fio: there is no fio in PATH; on Debian: apt-get install fio"};
    asio::io_context context;
    asio::readable_pipe out(context), err(context);
    std::string text, complaint;
    boost::system::error_code failed;
    process::process child(context, program, arguments, process::process_stdio{nullptr, out, err},
                           own_process_group{});
    asio::async_read(out, asio::dynamic_buffer(text), [](const boost::system::error_code&, std::size_t) {});
    asio::async_read(err, asio::dynamic_buffer(complaint),
                     [](const boost::system::error_code&, std::size_t) {});
    int status = -1;
    bool over = false;
    child.async_wait([&](const boost::system::error_code&, int s) {
        status = s;
        over = true;
    });
    bool asked_to_end = false;
    while (!over) {
        context.run_for(std::chrono::milliseconds(50));
        if (context.stopped()) context.restart();
        if (!stop.load() || std::exchange(asked_to_end, true)) continue;
        ::kill(-child.id(), SIGKILL);
    }
    context.run_for(std::chrono::milliseconds(200));
    if (stop.load()) return error{error_kind::system, "interrupted"};
    if (status != 0) return error{error_kind::system, "fio failed: " + complaint.substr(0, 500)};
    return text;
}

std::string text_of(const char* path) {
    std::ifstream file(path);
    std::string text;
    std::getline(file, text);
    return text;
}

} // namespace

fio_job fio_job_of(const block_case& c, const std::string& file, bytes size) {
    return {.file = file,
            .size = size,
            .blocks = "bs=" + std::to_string(c.block.count),
            .depth = c.depth,
            .read_percent = c.read_percent,
            .warm_up = c.warm_up,
            .duration = c.duration};
}

fio_peer::fio_peer(std::string directory, bytes size, std::string file)
    : own_file_(std::move(directory) + "/kvmark-peer.fio"),
      read_file_(file.empty() ? own_file_ : std::move(file)), size_(size) {}

fio_peer::~fio_peer() {
    ::unlink(own_file_.c_str());
    if (!pages_before_.empty()) std::ofstream(pages_file) << pages_before_ << '\n';
}

result<void> fio_peer::open(bytes buffers, const std::atomic<bool>& stop) {
    const std::uint64_t wanted = buffers.count / (2 * mib_bytes) + 16;
    const std::string before = text_of(pages_file);
    if (std::strtoull(before.c_str(), nullptr, 10) >= wanted) {
        reserved_pages_ = true;
    } else if (std::ofstream pages(pages_file); pages << wanted << '\n' << std::flush) {
        pages_before_ = before;
        reserved_pages_ = std::strtoull(text_of(pages_file).c_str(), nullptr, 10) >= wanted;
    }
    if (!reserved_pages_)
        note_ = std::string("no huge pages can be reserved in ") + pages_file +
                " (needs root): fio runs with 4 KiB pages and may lose half of its bandwidth";
    const auto laid_out =
        output_of({"--name=layout", "--filename=" + own_file_, "--size=" + std::to_string(size_.count),
                   "--rw=write", "--bs=1m", "--direct=1", "--ioengine=io_uring", "--iodepth=4"},
                  stop);
    if (!laid_out) return laid_out.error();
    return {};
}

result<fio_result> fio_peer::measure(const block_case& c, const std::atomic<bool>& stop) {
    std::vector<std::string> arguments{"--name=peer", "--output-format=json"};
    const std::string& file = c.read_percent == 100 ? read_file_ : own_file_;
    fio_job job_words = fio_job_of(c, file, size_);
    job_words.reserved_pages = reserved_pages_;
    for (const std::string& option : fio_options(job_words)) arguments.push_back("--" + option);
    const auto text = output_of(arguments, stop);
    if (!text) return text.error();
    boost::system::error_code failed;
    // Warnings may stand before the object.
    const std::size_t start = text->find('{');
    const auto parsed = boost::json::parse(
        start == std::string::npos ? std::string_view() : std::string_view(*text).substr(start), failed);
    const auto* jobs = failed               ? nullptr
                       : parsed.is_object() ? parsed.as_object().if_contains("jobs")
                                            : nullptr;
    if (jobs == nullptr || !jobs->is_array() || jobs->as_array().empty())
        return error{error_kind::system, "fio printed no result: " + text->substr(0, 200)};
    const auto& job = jobs->as_array()[0].as_object();
    fio_result r;
    for (const char* direction : {"read", "write"}) {
        const auto& part = job.at(direction).as_object();
        r.bytes_per_second += part.at("bw_bytes").to_number<double>();
        r.operations += part.at("total_ios").to_number<std::uint64_t>();
    }
    r.cpu_seconds = (job.at("usr_cpu").to_number<double>() + job.at("sys_cpu").to_number<double>()) / 100 *
                    to_seconds(c.duration);
    return r;
}

} // namespace kvmark::cli
