/*
 * http_tls: libcurl says what its TLS library says, which names neither the host nor a way out. Causes are
 * distinguished by libcurl's code and by words of OpenSSL; words that are not known are passed on with the
 * host's name.
 *
 * Who issued a certificate is known only after a handshake, and the handshake ends when the certificate is
 * refused. So the server is asked a second time for its certificate, by a connection over which nothing is
 * sent.
 */
#include "api/http_tls.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/timestamp.h"

/* How long a second look may take: it is for the message alone. */
enum { LOOK_TIMEOUT_MS = 5000 };

bool http_tls_is_refusal(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION;
}

void http_tls_look_again(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLCERT, NULL);
    curl_easy_setopt(easy, CURLOPT_SSLKEY, NULL);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)LOOK_TIMEOUT_MS);
}

void http_tls_connect_only(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* a session that goes on shows no certificate */
}

/* The server's own certificate is the first. Returns the value behind a label, NULL where there is none. */
static const char *find_field(CURL *easy, const char *label)
{
    struct curl_certinfo *certificates = NULL;
    const size_t len = strlen(label);
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &certificates) != CURLE_OK || certificates == NULL ||
        certificates->num_of_certs < 1)
        return NULL;
    for (const struct curl_slist *line = certificates->certinfo[0]; line != NULL; line = line->next)
        if (strncmp(line->data, label, len) == 0)
            return line->data + len;
    return NULL;
}

void http_tls_issuer(CURL *easy, char *out, size_t size)
{
    const char *issuer = find_field(easy, "Issuer:");
    snprintf(out, size, "%.120s", issuer != NULL ? issuer : "");
}

/* OpenSSL writes `Mar  5 10:20:30 2027 GMT`. */
static bool read_end(const char *text, int64_t *ends)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4], date[64];
    int day, hour, minute, second, year;
    if (sscanf(text, "%3s %d %d:%d:%d %d", month, &day, &hour, &minute, &second, &year) != 6)
        return false;
    const char *found = strstr(months, month);
    if (found == NULL || strlen(month) != 3 || (found - months) % 3 != 0)
        return false;
    snprintf(date, sizeof date, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, (int)(found - months) / 3 + 1, day,
        hour, minute, second);
    return timestamp_parse(date, ends) == 0;
}

bool http_tls_certificate(CURL *easy, char *issuer, size_t size, int64_t *ends)
{
    const char *end = find_field(easy, "Expire date:");
    http_tls_issuer(easy, issuer, size);
    return *issuer != '\0' && end != NULL && read_end(end, ends);
}

/* What went wrong, by the words of the TLS library. */
enum cause {
    CAUSE_UNKNOWN_ISSUER,
    CAUSE_SELF_SIGNED,
    CAUSE_EXPIRED,
    CAUSE_NOT_YET_VALID,
    CAUSE_OTHER_HOST,
    CAUSE_WEAK,
    CAUSE_OTHER_REFUSAL,
    CAUSE_OLD_PROTOCOL,
    CAUSE_NO_TLS,
    CAUSE_CLIENT_CERTIFICATE,
    CAUSE_NOT_ACCEPTED,
    CAUSE_NAME,
    CAUSE_CUT,
    CAUSE_CA_FILE,
    CAUSE_OTHER
};

static const struct {
    const char *words;
    enum cause cause;
} refusals[] =
    {
        {"in certificate chain", CAUSE_UNKNOWN_ISSUER}, /* self-signed, and somewhere in it */
        {"issuer certificate", CAUSE_UNKNOWN_ISSUER},
        {"unable to verify the first certificate", CAUSE_UNKNOWN_ISSUER},
        {"self-signed", CAUSE_SELF_SIGNED},
        {"self signed", CAUSE_SELF_SIGNED},
        {"has expired", CAUSE_EXPIRED},
        {"not yet valid", CAUSE_NOT_YET_VALID},
        {"host name", CAUSE_OTHER_HOST},
        {"subject name", CAUSE_OTHER_HOST}, /* libcurl 8.14 */
        {"too weak", CAUSE_WEAK},
},
  handshakes[] = {
      {"unsupported protocol", CAUSE_OLD_PROTOCOL},
      {"protocol version", CAUSE_OLD_PROTOCOL},
      {"no protocols available", CAUSE_OLD_PROTOCOL},
      {"wrong version number", CAUSE_NO_TLS},
      {"packet length", CAUSE_NO_TLS},
      {"http request", CAUSE_NO_TLS},
      {"certificate required", CAUSE_CLIENT_CERTIFICATE},
      {"alert handshake failure", CAUSE_NOT_ACCEPTED},
      {"alert bad certificate", CAUSE_CLIENT_CERTIFICATE},
      {"alert unknown ca", CAUSE_CLIENT_CERTIFICATE},
      {"unrecognized name", CAUSE_NAME},
      {"SSL_ERROR_SYSCALL", CAUSE_CUT},
      {"SSL_ERROR_ZERO_RETURN", CAUSE_CUT},
      {"error:00000000", CAUSE_CUT}, /* libcurl 8.14 for the same */
      {"reset by peer", CAUSE_CUT},
      {"unexpected eof", CAUSE_CUT},
};

static enum cause find_cause(CURLcode code, const char *said)
{
    size_t refusal_count = sizeof refusals / sizeof refusals[0];
    size_t handshake_count = sizeof handshakes / sizeof handshakes[0];
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        for (size_t i = 0; i < refusal_count; i++)
            if (strcasestr(said, refusals[i].words) != NULL)
                return refusals[i].cause;
        return CAUSE_OTHER_REFUSAL;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_RECV_ERROR: /* TLS 1.3: the server refuses us after its own part of the handshake */
        for (size_t i = 0; i < handshake_count; i++)
            if (strcasestr(said, handshakes[i].words) != NULL)
                /* a connection that is only cut then may be any connection, a plain one, too */
                return code == CURLE_RECV_ERROR && handshakes[i].cause == CAUSE_CUT ? CAUSE_OTHER
                                                                                    : handshakes[i].cause;
        return CAUSE_OTHER;
    case CURLE_SSL_CACERT_BADFILE:
        return CAUSE_CA_FILE;
    default:
        return CAUSE_OTHER;
    }
}

/* The host of a handle's URL: nothing else of it, for a path may be secret. */
static void find_host(CURL *easy, char *out, size_t size)
{
    const char *url = NULL;
    char *host = NULL;
    CURLU *parsed = curl_url();
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    if (url != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK)
        curl_url_get(parsed, CURLUPART_HOST, &host, 0);
    snprintf(out, size, "%.255s", host != NULL ? host : "the server");
    curl_free(host);
    curl_url_cleanup(parsed);
}

static bool describe_handshake(enum cause cause, const char *host, const char *said, char *out, size_t size)
{
    switch (cause) {
    case CAUSE_OLD_PROTOCOL:
        snprintf(out, size,
            "%s and this machine share no version of TLS (%s); the server must offer TLS 1.2 or later", host,
            said);
        return true;
    case CAUSE_NO_TLS:
        snprintf(out, size, "%s does not speak TLS at this port (%s); check the address", host, said);
        return true;
    case CAUSE_CLIENT_CERTIFICATE:
        snprintf(
            out, size, "%s refuses our client certificate, or asks for one and got none (%s)", host, said);
        return true;
    case CAUSE_NOT_ACCEPTED:
        snprintf(out, size,
            "%s refuses the TLS handshake (%s); it asks for a client certificate, or it and this machine "
            "share no cipher",
            host, said);
        return true;
    case CAUSE_NAME:
        snprintf(out, size, "the server that answers for %s does not know this name (%s); check the address",
            host, said);
        return true;
    case CAUSE_CUT:
        snprintf(out, size, "%s cut the TLS handshake off (%s); a firewall on the way may be the reason",
            host, said);
        return true;
    default:
        return false;
    }
}

static void describe_refusal(
    enum cause cause, const char *host, const char *by, const char *said, char *out, size_t size)
{
    switch (cause) {
    case CAUSE_UNKNOWN_ISSUER:
        snprintf(out, size,
            "the certificate of %s%s is not trusted: its issuer is not known here (%s); if your company "
            "inspects TLS, set ca_file to a file with its root certificate",
            host, by, said);
        break;
    case CAUSE_SELF_SIGNED:
        snprintf(out, size,
            "the certificate of %s%s is not trusted: it is self-signed (%s); if it is the right one, set "
            "ca_file to a file with it",
            host, by, said);
        break;
    case CAUSE_EXPIRED:
        snprintf(out, size,
            "the certificate of %s%s has expired (%s); the server's operator must renew it, unless this "
            "machine's clock is wrong",
            host, by, said);
        break;
    case CAUSE_NOT_YET_VALID:
        snprintf(out, size, "the certificate of %s%s is not valid yet (%s); check this machine's clock", host,
            by, said);
        break;
    case CAUSE_OTHER_HOST:
        snprintf(
            out, size, "the certificate of %s%s is for another host (%s); check the address", host, by, said);
        break;
    case CAUSE_WEAK:
        snprintf(out, size,
            "the certificate of %s%s is not trusted: its key or its signature is too weak (%s); the server's "
            "operator must renew it",
            host, by, said);
        break;
    default:
        snprintf(out, size, "the certificate of %s%s is not trusted (%s)", host, by, said);
    }
}

bool http_tls_describe(
    CURL *easy, CURLcode code, const char *said, const char *issuer, char *out, size_t size)
{
    static const char preamble[] = "SSL certificate problem: ";
    char host[256], by[160] = "";
    enum cause cause = find_cause(code, said);
    if (strncmp(said, preamble, sizeof preamble - 1) == 0)
        said += sizeof preamble - 1;
    find_host(easy, host, sizeof host);
    if (*issuer != '\0')
        snprintf(by, sizeof by, ", issued by \"%.120s\",", issuer);
    if (http_tls_is_refusal(code)) {
        describe_refusal(cause, host, by, said, out, size);
        return true;
    }
    if (cause == CAUSE_CA_FILE) {
        snprintf(out, size, "the certificates of ca_file cannot be read (%s); it must be a PEM file", said);
        return true;
    }
    return describe_handshake(cause, host, said, out, size);
}
