#include "html_page.hpp"

#include "page_data.hpp"
#include "page_files.hpp"

#include <boost/json/serialize.hpp>

namespace kvmark::cli {

result<std::string> html_page(std::span<const result_document> documents,
                              const boost::json::object* comparison) {
    const std::string_view page = page_file("page.html");
    if (page.empty())
        return error{error_kind::unsupported,
                     "this kvmark was built without Apache ECharts, which draws the pages: build it where "
                     "registry.npmjs.org can be reached, or with -DKVMARK_ECHARTS=echarts-5.6.0.tgz"};
    std::string out;
    for (std::size_t at = 0;;) {
        const std::size_t open = page.find("{{", at);
        out += page.substr(at, open - at);
        if (open == page.npos) return out;
        const std::size_t close = page.find("}}", open);
        const std::string_view name = page.substr(open + 2, close - open - 2);
        if (name == "data")
            out += script_text(boost::json::serialize(page_data(documents, comparison)));
        else if (name == "version")
            out += KVMARK_VERSION;
        else
            out += page_file(name);
        at = close + 2;
    }
}

} // namespace kvmark::cli
