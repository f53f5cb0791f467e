#include "html_page.hpp"

namespace kvmark::cli {

result<std::string> html_page(std::span<const result_document>, const boost::json::object*) {
    return error{error_kind::unsupported, "this build writes no pages"};
}

} // namespace kvmark::cli
