// snippet.hide
import Foundation
import Qwen

let model = try await QwenLanguageModel.load()
let file = FileManager.default.temporaryDirectory.appending(path: "conversation.json")
// snippet.show
let session = ChatSession(model, instructions: "Answer briefly.")
_ = try await session.respond(to: "Who wrote Faust?")

// A transcript is data: kept in a file, and gone on with in another program.
try JSONEncoder().encode(session.transcript).write(to: file)
let transcript = try JSONDecoder().decode(Transcript.self, from: Data(contentsOf: file))
let later = ChatSession(model, transcript: transcript)
// snippet.end

// snippet.fork
let other = session.fork()
async let brief = session.respond(to: "In which year?")
async let long = other.respond(to: "What is it about?")
try await print(brief.text, long.text)
// snippet.end

// snippet.context
let patient = ChatSession(model, contextPolicy: .dropOldestTurns)
print(try patient.tokenCount(for: "How long is this?"))
// snippet.end
_ = later
