import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Answers what Subversion asks before it gets a file, by its HTTP protocol version 2
 * (`notes/http-and-webdav/http-protocol-v2.txt` of Subversion): every path is a file of revision 1.
 * Returns false if the request is none of these.
 */
export function answerSvn({ method, url = "" }: IncomingMessage, response: ServerResponse): boolean {
  if (method === "OPTIONS") {
    response.setHeader("DAV", ["1,2", "http://subversion.tigris.org/xmlns/dav/svn/depth"]);
    response.setHeader("SVN-Youngest-Rev", "1");
    response.setHeader("SVN-Repository-UUID", "00000000-0000-4000-8000-000000000000");
    response.setHeader("SVN-Repository-Root", "/svn");
    response.setHeader("SVN-Me-Resource", "/svn/!svn/me");
    for (const [name, path] of Object.entries({ Rev: "rev", "Rev-Root": "rvr", Txn: "txn", "Txn-Root": "txr" })) {
      response.setHeader(`SVN-${name}-Stub`, `/svn/!svn/${path}`);
    }
    endXml(response, '<options-response xmlns="DAV:"><activity-collection-set/></options-response>');
    return true;
  }
  if (method !== "PROPFIND") return false;
  const file = "<prop><resourcetype/><version-name>1</version-name></prop><status>HTTP/1.1 200 OK</status>";
  const answer = `<response><href>${url}</href><propstat>${file}</propstat></response>`;
  response.statusCode = 207;
  endXml(response, `<multistatus xmlns="DAV:">${answer}</multistatus>`);
  return true;
}

function endXml(response: ServerResponse, text: string): void {
  response.setHeader("content-type", "text/xml");
  response.end(`<?xml version="1.0" encoding="utf-8"?>${text}`);
}
